"""The two phases of a language model's inference: reading the prompt, and writing tokens one by one.

Both use the static key-value cache of transformers, allocated for prompt and output together. A token that
is written attends to the whole cache under a mask, so all of them cost the same.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from transformers.cache_utils import StaticCache

from bench.interface.workload import Forward
from bench.workloads.iterations import copy_float32


class Writer(nn.Module):
    """A language model of transformers with its logits as the only output: what it returns besides them is the cache."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(  # type: ignore[explicit-override] # `typing.override` is newer than Python 3.11
        self, input_ids: Tensor, past_key_values: StaticCache | None = None, logits_to_keep: int = 0
    ) -> Tensor:
        """Logits of the last `logits_to_keep` positions, or of all for 0; batch × positions × vocabulary."""
        output = self.model(
            input_ids=input_ids,
            past_key_values=past_key_values,
            use_cache=past_key_values is not None,
            logits_to_keep=logits_to_keep,
        )
        logits: Tensor = output.logits
        return logits


class Prefill:
    """The whole prompt through the model with an empty cache; logits of its last position only."""

    cycle = 1
    state_bytes = 0

    def __init__(self, forward: Forward, inputs: Mapping[str, Tensor], *, cache: StaticCache) -> None:
        self._cache = cache
        self._forward = partial(forward, input_ids=inputs["prompt"], past_key_values=cache, logits_to_keep=1)
        self.call: Callable[[], Any] = self._read
        self.reads: tuple[Tensor, ...] = (inputs["prompt"],)

    def reset(self) -> None:
        """Empty the cache; what it held stays behind the mask until it is overwritten."""
        _rewind(self._cache, 0)

    def outputs(self) -> list[Tensor]:
        """The logits that choose the first token."""
        return [copy_float32(self._read())]

    expected = outputs

    def _read(self) -> Tensor:
        _rewind(self._cache, 0)
        logits: Tensor = self._forward()
        return logits


class Decode:
    """One new token for each sequence.

    The tokens fed are generated beforehand, so every machine and every precision computes the same thing;
    the most likely token is still chosen, as writing text needs it. After the last one the position wraps
    round to the end of the prompt.

    Args:
        model: A `Writer`, which reads the prompt once and before anything is timed.
        forward: The model as it is called in the iteration.
        inputs: `prompt` and `tokens`.
        cache: Room for both.
    """

    def __init__(self, model: nn.Module, forward: Forward, inputs: Mapping[str, Tensor], *, cache: StaticCache) -> None:
        prompt, tokens = inputs["prompt"], inputs["tokens"]
        model(input_ids=prompt, past_key_values=cache, logits_to_keep=1)
        self.cycle = tokens.shape[1]
        held = sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
        # The positions that hold something, on average over a cycle.
        self.state_bytes = held * (2 * prompt.shape[1] + self.cycle + 1) // (2 * (prompt.shape[1] + self.cycle))
        self._model = model
        self._prompt = prompt
        self._tokens = tokens
        self._cache = cache
        self._fed = _columns(tokens)
        self._forward = partial(forward, past_key_values=cache, logits_to_keep=1)
        self._position = 0
        self.call: Callable[[], Any] = self._write
        self.reads: tuple[Tensor, ...] = self._fed[:1]

    def reset(self) -> None:
        """Go back to the end of the prompt."""
        _rewind(self._cache, self._prompt.shape[1])
        self._position = 0

    def outputs(self) -> list[Tensor]:
        """The logits of every position of the output."""
        self.reset()
        return [copy_float32(self._write()[0]) for _ in range(self.cycle)]

    def expected(self) -> list[Tensor]:
        """The same logits from one pass over prompt and output, with no cache that could be at fault."""
        return self._uncached(self._tokens)

    def generated_tokens(self) -> Tensor:
        """A greedy decode of one cycle: the first of the given tokens, then each time the most likely one.

        Returns:
            The tokens fed, batch × `cycle`; what the last of them leads to is not among them.
        """
        self.reset()
        fed = [self._tokens[:, :1]]
        while len(fed) < self.cycle:
            fed.append(self._next(fed[-1]).argmax(dim=-1))
        return torch.cat(fed, dim=1)

    def next_logits(self, generated_tokens: Tensor) -> list[Tensor]:
        """The logits of every position of the output where `written` is fed, through the timed model and cache.

        Where the most likely token is each time the one that is fed next, a greedy decode by the timed model
        would write exactly these tokens.
        """
        self.reset()
        return [copy_float32(self._next(token)) for token in _columns(generated_tokens)]

    def expected_next_logits(self, generated_tokens: Tensor) -> list[Tensor]:
        """What `following` should return, for a reference: from one pass without a cache."""
        return self._uncached(generated_tokens)

    def _uncached(self, output: Tensor) -> list[Tensor]:
        logits = self._model(input_ids=torch.cat([self._prompt, output], dim=1), logits_to_keep=self.cycle)
        return [copy_float32(logits[:, index : index + 1]) for index in range(self.cycle)]

    def _next(self, token: Tensor) -> Tensor:
        logits: Tensor = self._forward(input_ids=token)
        return logits

    def _write(self) -> tuple[Tensor, Tensor]:
        if self._position == self.cycle:
            self.reset()
        logits = self._next(self._fed[self._position])
        self._position += 1
        return logits, logits[:, -1].argmax(dim=-1)


def _columns(tokens: Tensor) -> tuple[Tensor, ...]:
    return tuple(tokens[:, index : index + 1] for index in range(tokens.shape[1]))


def _rewind(cache: StaticCache, tokens: int) -> None:
    for layer in cache.layers:
        layer.cumulative_length.fill_(tokens)
