"""Language models that read a prompt and write tokens, from transformers, configured here so that nothing is downloaded."""

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor, nn
from transformers.cache_utils import StaticCache
from transformers.configuration_utils import PreTrainedConfig
from transformers.models.gpt2.configuration_gpt2 import GPT2Config
from transformers.models.gpt2.modeling_gpt2 import GPT2LMHeadModel
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaForCausalLM
from transformers.pytorch_utils import Conv1D

from bench.records.case import Case
from bench.workloads.construction import construct
from bench.workloads.generation import Decode, Prefill
from bench.workloads.inputs import integer_tensor
from bench.workloads.weights import fill_weights
from bench.workloads.workload import Autocast, Forward, Iteration, Workload, weights_dtype


def build_gpt2(case: Case) -> Workload:
    """GPT-2 small: transformers' defaults."""
    config = GPT2Config(n_layer=case.shape["layers"])
    model = construct(partial(GPT2LMHeadModel, config), weights_dtype(case.precision))
    return _build(case, config, model, key_value_heads=config.n_head)


def build_llama_1b(case: Case) -> Workload:
    """Llama with the dimensions of TinyLlama 1.1B."""
    config = LlamaConfig(
        vocab_size=32_000,
        hidden_size=2048,
        intermediate_size=5632,
        num_hidden_layers=case.shape["layers"],
        num_attention_heads=32,
        num_key_value_heads=4,
        max_position_embeddings=2048,
    )
    model = construct(partial(LlamaForCausalLM, config), weights_dtype(case.precision))
    return _build(case, config, model, key_value_heads=config.num_key_value_heads)


def _build(case: Case, config: PreTrainedConfig, model: nn.Module, *, key_value_heads: int) -> Workload:
    model.eval()
    fill = partial(fill_weights, model, transposed=(Conv1D,))
    fill()
    prompt_tokens, output_tokens = case.shape["prompt_tokens"], case.shape.get("output_tokens", 0)
    inputs = {"prompt": integer_tensor("prompt", (case.batch_size, prompt_tokens), below=config.vocab_size)}
    if case.phase == "decode":
        inputs["tokens"] = integer_tensor("tokens", (case.batch_size, output_tokens), below=config.vocab_size)

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:  # noqa: ARG001 - training only
        cache = StaticCache(config=config, max_cache_len=prompt_tokens + output_tokens)
        cache.early_initialization(
            case.batch_size,
            key_value_heads,
            config.hidden_size // config.num_attention_heads,
            torch.float32 if case.precision == "fp32" else torch.bfloat16,
            torch.device("cpu"),
        )
        if case.phase == "decode":
            return Decode(model, forward, inputs, cache=cache)
        return Prefill(forward, inputs, cache=cache)

    tokens = case.batch_size if case.phase == "decode" else case.batch_size * prompt_tokens
    return Workload(case=case, model=model, inputs=inputs, items_per_iteration=tokens, fill=fill, iterate=iterate)
