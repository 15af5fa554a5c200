"""A model with a cache that it writes to, and the fixtures of its iteration."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bench.interface.workload import Autocast, Forward, Iteration, Workload
from bench.records.case import Case
from bench.workloads.inputs import uniform_tensor
from bench.workloads.weights import fill_weights


class Layer:
    """One layer's part of a cache."""

    def __init__(self) -> None:
        self.sums = torch.zeros(2, 4)


class Cache:
    """Sums of all that a model was given, as a key-value cache holds what it read."""

    def __init__(self) -> None:
        self.layers = [Layer()]


class Remembering(nn.Module):
    """Adds to a cache, and puts out what it then holds."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Tensor, cache: Cache, *, scale: float) -> dict[str, Tensor | None]:
        sums = cache.layers[0].sums
        sums.add_(self.linear(x) * scale)
        return {"logits": sums.tanh(), "nothing": None}


class Steps:
    """Three calls that each add to the cache."""

    cycle = 3
    state_bytes = 32

    def __init__(self, forward: Forward, inputs: Mapping[str, Tensor]) -> None:
        self.cache = Cache()
        self.call: Callable[[], Any] = partial(forward, inputs["x"], cache=self.cache, scale=0.5)
        self.reads = tuple(inputs.values())

    def reset(self) -> None:
        self.cache.layers[0].sums.zero_()

    def outputs(self) -> list[Tensor]:
        self.reset()
        return [self.call()["logits"].detach().clone() for _ in range(self.cycle)]

    expected = outputs


@pytest.fixture
def build_remembering() -> Callable[[Case], Workload]:
    def make(case: Case) -> Workload:
        model = Remembering().eval()
        fill = partial(fill_weights, model)
        fill()

        def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:  # noqa: ARG001 - training only
            return Steps(forward, inputs)

        inputs = {"x": uniform_tensor("x", (2, 4))}
        return Workload(case=case, model=model, inputs=inputs, items_per_iteration=2, fill=fill, iterate=iterate)

    return make
