"""Eager: torch runs one operator after another, as Python calls them."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import nn

from bench.records.case import Case
from bench.variants.observation import Observation, observe_modules


class Eager:
    """Calls the model without compiling it.

    Attributes:
        forward: The model.
    """

    holds_casts = False
    compile_s = 0.0
    load_s = 0.0
    compilations = 0

    def __init__(self, model: nn.Module, case: Case) -> None:  # noqa: ARG002 - eager is the same for all
        self.forward: Callable[..., object] = model
        self._model = model

    def context(self, case: Case) -> AbstractContextManager[object]:
        """Return inference mode, which saves version counters and views; off for training."""
        return torch.inference_mode(mode=case.mode == "inference")

    def compile(self, iteration: object) -> None:
        """Do nothing: eager compiles nothing."""

    def observe(self, call: Callable[[], object]) -> Observation:
        """Run one call, and return the results of the innermost modules."""
        return observe_modules(self._model, call)

    def evidence(self) -> dict[str, str]:
        """Return nothing: eager has nothing to prove."""
        return {}
