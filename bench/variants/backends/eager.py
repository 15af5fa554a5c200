"""Eager: torch calls one operator after another, as Python says."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import nn

from bench.records.case import Case
from bench.variants.observation import Observation, observe_modules


class Eager:
    """Calls the model as it is.

    Attributes:
        forward: The model.
    """

    holds_casts = False
    compile_s = 0.0
    load_s = 0.0

    def __init__(self, model: nn.Module, case: Case) -> None:  # noqa: ARG002 - eager is the same for all
        self.forward: Callable[..., object] = model
        self._model = model

    def context(self, case: Case) -> AbstractContextManager[object]:
        """Inference mode, which spares version counters and views; none for training."""
        return torch.inference_mode(mode=case.mode == "inference")

    def compile(self, iteration: object) -> None:
        """Nothing."""

    def observe(self, call: Callable[[], object]) -> Observation:
        """What the innermost modules put out in one call."""
        return observe_modules(self._model, call)

    def evidence(self) -> dict[str, str]:
        """Eager needs none."""
        return {}
