"""The key-value cache of a language model: allocated once, for prompt and output together."""

from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import StaticCache, StaticLayer
from transformers.configuration_utils import PreTrainedConfig

from bench.records.case import Case
from bench.workloads.dtypes import activations_dtype


class CastingLayer(StaticLayer):  # type: ignore[misc] # transformers' classes are untyped where they derive
    """Casts keys and values to the cache's data type when they are written.

    Under autocast values arrive in low precision, from a matrix product, and keys in float32, from the rotation.
    Attention would cast the whole cache in every step; cast when written, each entry is cast once.
    """

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401 - passed on
        """Append new keys and values, and return all that the cache holds."""
        whole: tuple[Tensor, Tensor] = super().update(
            key_states.to(self.dtype), value_states.to(self.dtype), *args, **kwargs
        )
        return whole


def make_cache(config: PreTrainedConfig, case: Case, *, positions: int) -> StaticCache:
    """Return an empty cache.

    Args:
        config: The model's.
        case: Its precision and batch size.
        positions: Tokens of a sequence that it has room for.
    """
    cache = StaticCache(config=config, max_cache_len=positions)
    cache.layers = [CastingLayer(positions) for _ in cache.layers]
    heads = config.num_attention_heads
    cache.early_initialization(
        case.batch_size,
        getattr(config, "num_key_value_heads", heads),
        getattr(config, "head_dim", None) or config.hidden_size // heads,
        # Quantized models quantize their matrices only, and attention computes in float32.
        activations_dtype(case.precision),
        torch.device("cpu"),
    )
    return cache
