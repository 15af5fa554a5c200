"""The facts of each precision: one row, which every part of bench reads."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from bench.records.case import Precision
from bench.records.peak import PeakPrecision
from bench.records.record import Record

FloatName = Literal["float32", "bfloat16", "float16"]
"""A floating-point data type by torch's name."""


class PrecisionFacts(Record, frozen=True, kw_only=True):
    """How a precision holds and computes numbers.

    Attributes:
        weights: Data type in which a model is built; int8 models are quantized from it.
        autocast: Data type that autocast computes in; None without autocast.
        weight_bits: Of a quantized weight; None where weights are not quantized.
        linear_only: Linear layers are quantized and nothing else, by torchao or by an engine of its own.
        takes_quant_engine: A case has to name the engine with torch's quantized kernels.
        takes_group_size: A case has to name how many weights share a scale.
        peaks: Probed matrix products that may bound it, by data type. Where a CPU has no instructions for a type,
            kernels convert and use fp32's.
        no_training: Why models do not train in it; None if they do.
    """

    name: Precision
    weights: FloatName = "float32"
    autocast: FloatName | None = None
    weight_bits: Literal[4, 8] | None = None
    linear_only: bool = False
    takes_quant_engine: bool = False
    takes_group_size: bool = False
    peaks: tuple[PeakPrecision, ...]
    no_training: str | None = None

    @property
    def computes(self) -> FloatName:
        """The data type of the results of matrix products, and of attention."""
        return self.autocast or self.weights

    @property
    def quantized(self) -> bool:
        """Whether weights are quantized."""
        return self.weight_bits is not None


_NOT_DIFFERENTIABLE = (
    "quantization rounds weights that are already trained, and rounding has no gradient; train in amp_bf16"
)

_ROWS: dict[Precision, PrecisionFacts] = {
    facts.name: facts
    for facts in (
        PrecisionFacts(name="fp32", peaks=("fp32",)),
        PrecisionFacts(
            name="bf16",
            weights="bfloat16",
            peaks=("bf16", "fp32"),
            # bfloat16 has 8 significant bits: a smaller update rounds to nothing.
            no_training="weights held in bf16 lose every update smaller than 1/256 of them; train in amp_bf16",
        ),
        PrecisionFacts(
            name="fp16",
            weights="float16",
            peaks=("fp16", "fp32"),
            # float16 has 11 significant bits.
            no_training="weights held in fp16 lose every update smaller than 1/2048 of them; train in amp_fp16",
        ),
        PrecisionFacts(name="amp_bf16", autocast="bfloat16", peaks=("bf16", "fp32")),
        PrecisionFacts(name="amp_fp16", autocast="float16", peaks=("fp16", "fp32")),
        PrecisionFacts(
            name="fx_int8",
            weight_bits=8,
            takes_quant_engine=True,
            peaks=("int8", "bf16", "fp32"),
            no_training=_NOT_DIFFERENTIABLE,
        ),
        PrecisionFacts(
            name="pt2e_int8", weight_bits=8, peaks=("int8", "bf16", "fp32"), no_training=_NOT_DIFFERENTIABLE
        ),
        # In bf16 around the quantized weights, as they are deployed: Inductor has a kernel for int8 weights with bf16
        # activations only, and folds int8 weights back into floating point elsewhere.
        PrecisionFacts(
            name="int8_weight_only",
            weights="bfloat16",
            weight_bits=8,
            linear_only=True,
            peaks=("bf16", "fp32"),
            no_training=_NOT_DIFFERENTIABLE,
        ),
        PrecisionFacts(
            name="int4_weight_only",
            weights="bfloat16",
            weight_bits=4,
            linear_only=True,
            takes_group_size=True,
            peaks=("bf16", "fp32"),
            no_training=_NOT_DIFFERENTIABLE,
        ),
        PrecisionFacts(
            name="int8_dynamic",
            weights="bfloat16",
            weight_bits=8,
            linear_only=True,
            peaks=("int8", "bf16", "fp32"),
            no_training=_NOT_DIFFERENTIABLE,
        ),
    )
}
PRECISION_FACTS: Mapping[Precision, PrecisionFacts] = MappingProxyType(_ROWS)
"""Precision → its facts, in the order of `PRECISIONS`."""
