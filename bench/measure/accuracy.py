"""Correctness: outputs held against those of eager fp32, with limits in one table."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from math import isfinite, sqrt
from types import MappingProxyType

from torch import Tensor

from bench.records.case import Family, Mode, Precision
from bench.records.measurement import Correctness

_LEAST_SHARE = 0.01
_PART = 1 << 22
"""Elements that are held in float64 at once: 32 MiB of each."""


@dataclass(frozen=True)
class Limits:
    """What an output may differ by.

    Attributes:
        cosine: Least cosine similarity.
        error: Greatest relative error.
        reason: Why it may differ by so much.
    """

    cosine: float
    error: float
    reason: str


_ROUNDING = Limits(
    0.999999, 1e-4, "another order of sums in fp32: 3e-6 is seen; arithmetic that is secretly bf16 gives 5e-3"
)
_LOW_PRECISION = Limits(
    0.995, 0.1, "bf16 keeps 8 bits, 4e-3 of each value: 0.5e-2 to 3e-2 is seen at the end of a model"
)
_HALF = Limits(
    0.9999,
    1e-2,
    "fp16 keeps 11 bits, 5e-4 of each value: 0.5e-3 to 2e-3 is seen; bf16 in its place gives 0.5e-2 and more",
)
_INT8 = Limits(
    0.98,
    0.2,
    "8 bits for each value of a tensor, 7 with x86 and fbgemm: 1e-2 to 3e-2 is seen for ResNet-50, 3e-2 to 9e-2 "
    "for MobileNet v2, 2e-2 to 7e-2 for transformers",
)
_GRADIENTS = Limits(0.9999, 1e-2, "a ReLU near zero that rounds to the other side changes a gradient at once")
_LOW_PRECISION_GRADIENTS = Limits(
    0.95, 0.3, "bf16 moves many ReLUs to the other side, layer upon layer: 0.1 to 0.15 is seen for 50 layers"
)
_HALF_GRADIENTS = Limits(
    0.99, 0.12, "fp16 moves an eighth as many ReLUs as bf16, and loses gradients below 6e-8: 4e-2 to 6e-2 is seen"
)

_HALF_GRAPH = Limits(0.999, 0.05, "a maximum over neighbours that rounding moves to another one: 1e-2 is seen")

LIMITS: Mapping[tuple[Mode, Precision], Limits] = MappingProxyType(
    {
        ("inference", "fp32"): _ROUNDING,
        ("inference", "bf16"): _LOW_PRECISION,
        ("inference", "fp16"): _HALF,
        ("inference", "amp_bf16"): _LOW_PRECISION,
        ("inference", "amp_fp16"): _HALF,
        ("inference", "fx_int8"): _INT8,
        ("inference", "pt2e_int8"): _INT8,
        ("training", "fp32"): _GRADIENTS,
        ("training", "amp_bf16"): _LOW_PRECISION_GRADIENTS,
        ("training", "amp_fp16"): _HALF_GRADIENTS,
    }
)
"""Mode and precision → limits."""
FAMILY_LIMITS: Mapping[tuple[Family, Mode, Precision], Limits] = MappingProxyType(
    {
        ("gnn", "training", "fp32"): _ROUNDING,
        ("gnn", "training", "amp_bf16"): _LOW_PRECISION,
        ("gnn", "training", "amp_fp16"): _HALF_GRAPH,
    }
)
"""Families that are held to other limits than the rest: three layers do not need those of fifty."""


def compare(
    outputs: Sequence[Tensor], reference: Sequence[Tensor], *, precision: Precision, family: Family, mode: Mode
) -> Correctness:
    """Hold outputs against the reference's.

    Each tensor is divided by the norm of its reference, then all are joined, so that a large gradient does
    not drown a small one; a norm counts as a hundredth of the largest at least, so that a gradient which is
    nothing but rounding does not count as much as the rest. Sums are in float64. Where a value is not finite,
    the cosine is 0 and the error the largest float, since JSON has no infinity.

    Args:
        outputs: Of the case that was timed.
        reference: Of eager fp32, in the same order.
        precision: The case's.
        family: The workload's.
        mode: The case's.

    Raises:
        ValueError: number or shapes of the tensors differ, or there are none.
    """
    shapes, wanted = [each.shape for each in outputs], [each.shape for each in reference]
    if shapes != wanted or not shapes:
        raise ValueError(f"outputs of shapes {shapes} cannot be held against a reference of shapes {wanted}")
    parts = [_sum(output, expected) for output, expected in zip(outputs, reference, strict=True)]
    floor = _LEAST_SHARE**2 * max(part.references for part in parts)
    joined = sum((part.divided(max(part.references, floor)) for part in parts), start=_Sums())
    limits = FAMILY_LIMITS.get((family, mode, precision)) or LIMITS[mode, precision]
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
        """Those of tensors divided by the root of `square`; as they are where that is zero."""
        return _Sums(*(each / (square or 1.0) for each in astuple(self)))

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
