"""What an output may differ from eager fp32 by, in one table.

`bench.measure` compares outputs with it, and `bench verify` makes sure that no laxer limits were used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bench.records.case import Family, Mode, Precision


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
_INT4 = Limits(
    0.85,
    0.55,
    "16 levels for each group of a row, 7e-2 of each weight that is spread evenly, as generated ones are: 0.2 is seen after "
    "two layers, 0.37 after the 22 of llama_1b",
)
_GRADIENTS = Limits(0.9999, 1e-2, "a ReLU near zero that rounds to the other side changes a gradient at once")
_LOW_PRECISION_GRADIENTS = Limits(
    0.95, 0.3, "bf16 moves many ReLUs to the other side, layer upon layer: 0.1 to 0.15 is seen for 50 layers"
)
_HALF_GRADIENTS = Limits(
    0.99, 0.12, "fp16 moves an eighth as many ReLUs as bf16, and loses gradients below 6e-8: 4e-2 to 6e-2 is seen"
)

_HALF_GRAPH = Limits(0.999, 0.05, "a maximum over neighbours that rounding moves to another one: 1e-2 is seen")

_ROWS: dict[tuple[Mode, Precision], Limits] = {
    ("inference", "fp32"): _ROUNDING,
    ("inference", "bf16"): _LOW_PRECISION,
    ("inference", "fp16"): _HALF,
    ("inference", "amp_bf16"): _LOW_PRECISION,
    ("inference", "amp_fp16"): _HALF,
    ("inference", "fx_int8"): _INT8,
    ("inference", "pt2e_int8"): _INT8,
    ("inference", "int8_weight_only"): _LOW_PRECISION,
    ("inference", "int4_weight_only"): _INT4,
    ("inference", "int8_dynamic"): _INT8,
    ("training", "fp32"): _GRADIENTS,
    ("training", "amp_bf16"): _LOW_PRECISION_GRADIENTS,
    ("training", "amp_fp16"): _HALF_GRADIENTS,
}
LIMITS: Mapping[tuple[Mode, Precision], Limits] = MappingProxyType(_ROWS)
"""Mode and precision → limits."""
FAMILY_LIMITS: Mapping[tuple[Family, Mode, Precision], Limits] = MappingProxyType(
    {
        ("gnn", "training", "fp32"): _ROUNDING,
        ("gnn", "training", "amp_bf16"): _LOW_PRECISION,
        ("gnn", "training", "amp_fp16"): _HALF_GRAPH,
    }
)
"""Families with limits of their own: three layers do not need the limits of fifty."""


def find_limits(precision: Precision, family: Family, mode: Mode) -> Limits:
    """Return the limits for a workload of this family.

    Raises:
        KeyError: there is no such mode with this precision.
    """
    return FAMILY_LIMITS.get((family, mode, precision)) or LIMITS[mode, precision]


def loosest_limits(precision: Precision, mode: Mode) -> tuple[float, float]:
    """Return the least cosine similarity and the greatest relative error that any family is allowed.

    Raises:
        KeyError: there is no such mode with this precision.
    """
    every = [LIMITS[mode, precision]] + [
        limits for (_, *rest), limits in FAMILY_LIMITS.items() if rest == [mode, precision]
    ]
    return min(limits.cosine for limits in every), max(limits.error for limits in every)
