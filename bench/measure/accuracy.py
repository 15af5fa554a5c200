"""Correctness: outputs compared with those of eager fp32, within the limits of `bench.stats.limits`."""

import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from math import isfinite, sqrt

from torch import Tensor

from bench.records.case import Family, Mode, Precision
from bench.records.measurement import Correctness
from bench.stats.limits import find_limits

_LEAST_SHARE = 0.01
"""Of the largest norm; smaller ones count as this much."""
_PART = 1 << 22
"""Elements converted to float64 at a time: 32 MiB per tensor."""


def compare(
    outputs: Sequence[Tensor], reference: Sequence[Tensor], *, precision: Precision, family: Family, mode: Mode
) -> Correctness:
    """Compare outputs with the reference's.

    Each tensor is divided by the norm of its reference, then all are concatenated, so that a large gradient does not
    outweigh a small one. A norm counts as at least a hundredth of the largest, so that a gradient of rounding errors
    alone does not count as much as the others. Sums are in float64. Where a value is not finite, the cosine is 0 and
    the error the largest float, since JSON has no infinity.

    Args:
        outputs: Of the case that was timed.
        reference: Of eager fp32, in the same order.
        precision: The case's.
        family: The workload's.
        mode: The case's.

    Raises:
        ValueError: number or shapes of the tensors differ, or there are none.
    """
    shapes, wanted = [tensor.shape for tensor in outputs], [tensor.shape for tensor in reference]
    if shapes != wanted or not shapes:
        raise ValueError(f"outputs of shapes {shapes} cannot be compared with a reference of shapes {wanted}")
    parts = [_sum(output, expected) for output, expected in zip(outputs, reference, strict=True)]
    floor = _LEAST_SHARE**2 * max(part.references for part in parts)
    joined = sum((part.divided(max(part.references, floor)) for part in parts), start=_Sums())
    limits = find_limits(precision, family, mode)
    cosine, error = joined.cosine(), joined.error()
    return Correctness(
        cosine_similarity=cosine,
        relative_error=error,
        cosine_limit=limits.cosine,
        error_limit=limits.error,
        passed=cosine >= limits.cosine and error <= limits.error,
    )


@dataclass(frozen=True)
class _Sums:
    """Sums over elements: output times reference, output squared, reference squared, difference squared."""

    products: float = 0.0
    outputs: float = 0.0
    references: float = 0.0
    differences: float = 0.0

    def __add__(self, other: "_Sums") -> "_Sums":
        return _Sums(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))

    def divided(self, square: float) -> "_Sums":
        """Return the sums of tensors divided by the root of `square`; unchanged where that is zero."""
        return _Sums(*(total / (square or 1.0) for total in astuple(self)))

    def is_finite(self) -> bool:
        return all(map(isfinite, astuple(self)))

    def cosine(self) -> float:
        norms = sqrt(self.outputs * self.references) if self.is_finite() else 0.0
        return self.products / norms if norms else 0.0

    def error(self) -> float:
        if not self.is_finite() or not self.references:
            return sys.float_info.max
        return sqrt(self.differences / self.references)


def _sum(output: Tensor, reference: Tensor) -> _Sums:
    sums = _Sums()
    for start in range(0, output.numel(), _PART):
        actual = output.flatten()[start : start + _PART].double()
        expected = reference.flatten()[start : start + _PART].double()
        sums += _Sums(
            products=float(actual @ expected),
            outputs=float(actual @ actual),
            references=float(expected @ expected),
            differences=float((actual - expected).square().sum()),
        )
    return sums
