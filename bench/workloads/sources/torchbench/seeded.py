"""Inference of models that may draw random numbers: outputs are those after seeding, as TorchBench compares them."""

from collections.abc import Callable

import torch
from torch import Tensor
from typing_extensions import override

from bench.workloads.generator import SEED
from bench.workloads.sources.arguments import ArgumentsInference
from bench.workloads.sources.module import seed_generators

_ROUNDING = 1e-3


class SeededInference(ArgumentsInference):
    """One forward pass; the generators are seeded before the one whose outputs are compared, and in no other."""

    @override
    def outputs(self) -> list[Tensor]:
        """Seed the generators, and return what the model returns then."""
        seed_generators()
        return super().outputs()

    expected = outputs

    def depends_on_seed(self) -> bool:
        """Return whether another seed gives other outputs."""
        return differ_by_seed(super().outputs)


def differ_by_seed(outputs: Callable[[], list[Tensor]]) -> bool:
    """Return whether a function returns other values after seeding torch's generator with another number."""
    results = []
    for seed in (SEED, SEED + 1):
        torch.manual_seed(seed)
        results.append(outputs())
    return not all(
        torch.allclose(first, second, rtol=_ROUNDING, atol=_ROUNDING) for first, second in zip(*results, strict=True)
    )
