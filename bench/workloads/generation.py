"""The two phases of a language model's inference: prefill of the prompt, and decode of tokens one by one.

Both use the static key-value cache of transformers, allocated for prompt and output together. A generated token
attends to the whole cache under a mask, so all tokens cost the same.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from transformers.cache_utils import StaticCache

from bench.interface.workload import Forward
from bench.workloads.iterations import copy_float32


class LanguageModel(nn.Module):
    """A language model of transformers with its logits as the only output: it returns the cache besides them."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(  # type: ignore[explicit-override] # `typing.override` is newer than Python 3.11
        self, input_ids: Tensor, past_key_values: StaticCache | None = None, logits_to_keep: int = 0
    ) -> Tensor:
        """Return logits of the last `logits_to_keep` positions, or of all for 0; batch × positions × vocabulary."""
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
        self.call: Callable[[], Any] = self._prefill
        self.reads: tuple[Tensor, ...] = (inputs["prompt"],)

    def reset(self) -> None:
        """Empty the cache; the mask hides old entries until they are overwritten."""
        _rewind(self._cache, 0)

    def outputs(self) -> list[Tensor]:
        """Return the logits that choose the first token."""
        return [copy_float32(self._prefill())]

    expected = outputs

    def _prefill(self) -> Tensor:
        _rewind(self._cache, 0)
        logits: Tensor = self._forward()
        return logits


class Decode:
    """One new token for each sequence.

    The input tokens are generated beforehand, so every machine and every precision computes the same thing. The most
    likely token is still chosen, as generating text needs it. After the last token the position returns to the end of
    the prompt.

    Args:
        model: A `LanguageModel`, which reads the prompt once, before anything is timed.
        forward: The model as it is called in the iteration.
        inputs: `prompt` and `tokens`.
        cache: Room for both.
    """

    def __init__(self, model: nn.Module, forward: Forward, inputs: Mapping[str, Tensor], *, cache: StaticCache) -> None:
        prompt, tokens = inputs["prompt"], inputs["tokens"]
        model(input_ids=prompt, past_key_values=cache, logits_to_keep=1)
        self.cycle = tokens.shape[1]
        held = sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers)
        # The filled positions, on average over a cycle.
        self.state_bytes = held * (2 * prompt.shape[1] + self.cycle + 1) // (2 * (prompt.shape[1] + self.cycle))
        self._model = model
        self._prompt = prompt
        self._tokens = tokens
        self._cache = cache
        self._steps = _columns(tokens)
        self._forward = partial(forward, past_key_values=cache, logits_to_keep=1)
        self._position = 0
        self.call: Callable[[], Any] = self._decode
        self.reads: tuple[Tensor, ...] = self._steps[:1]

    def reset(self) -> None:
        """Return to the end of the prompt."""
        _rewind(self._cache, self._prompt.shape[1])
        self._position = 0

    def outputs(self) -> list[Tensor]:
        """Return the logits of every position of the output."""
        self.reset()
        return [copy_float32(self._decode()[0]) for _ in range(self.cycle)]

    def expected(self) -> list[Tensor]:
        """Return the same logits from one pass over prompt and output, without a cache, so that its faults show."""
        return self._uncached(self._tokens)

    def generated_tokens(self) -> Tensor:
        """Return the tokens of a greedy decode of one cycle: the first input token, then each time the most likely one.

        Returns:
            Batch × `cycle`; the token that follows the last one is not among them.
        """
        self.reset()
        fed = [self._tokens[:, :1]]
        while len(fed) < self.cycle:
            fed.append(self._next(fed[-1]).argmax(dim=-1))
        return torch.cat(fed, dim=1)

    def next_logits(self, generated_tokens: Tensor) -> list[Tensor]:
        """Return the logits of every position of the output for these input tokens, by the timed model and cache.

        Where the most likely token is each time the next of these, a greedy decode by the timed model generates exactly
        these tokens.
        """
        self.reset()
        return [copy_float32(self._next(token)) for token in _columns(generated_tokens)]

    def expected_next_logits(self, generated_tokens: Tensor) -> list[Tensor]:
        """Return what `next_logits` should, for a reference: from one pass without a cache."""
        return self._uncached(generated_tokens)

    def _uncached(self, output: Tensor) -> list[Tensor]:
        logits = self._model(input_ids=torch.cat([self._prompt, output], dim=1), logits_to_keep=self.cycle)
        return [copy_float32(logits[:, index : index + 1]) for index in range(self.cycle)]

    def _next(self, token: Tensor) -> Tensor:
        logits: Tensor = self._forward(input_ids=token)
        return logits

    def _decode(self) -> tuple[Tensor, Tensor]:
        if self._position == self.cycle:
            self.reset()
        logits = self._next(self._steps[self._position])
        self._position += 1
        return logits, logits[:, -1].argmax(dim=-1)


def _columns(tokens: Tensor) -> tuple[Tensor, ...]:
    return tuple(tokens[:, index : index + 1] for index in range(tokens.shape[1]))


def _rewind(cache: StaticCache, tokens: int) -> None:
    for layer in cache.layers:
        layer.cumulative_length.fill_(tokens)
