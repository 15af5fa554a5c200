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
        quantized: Weights and activations are quantized to int8.
        takes_quant_engine: A case has to name the engine with torch's quantized kernels.
        peaks: Probed matrix products that may bound it, by data type. Where a CPU has no instructions for a type,
            kernels convert and use fp32's.
        no_training: Why models do not train in it; None if they do.
    """

    name: Precision
    weights: FloatName = "float32"
    autocast: FloatName | None = None
    quantized: bool = False
    takes_quant_engine: bool = False
    peaks: tuple[PeakPrecision, ...]
    no_training: str | None = None

    @property
    def computes(self) -> FloatName:
        """The data type of the results of matrix products, and of attention."""
        return self.autocast or self.weights


_NOT_DIFFERENTIABLE = "int8 rounds weights that are already trained, and rounding has no gradient; train in amp_bf16"

PRECISION_FACTS: Mapping[Precision, PrecisionFacts] = MappingProxyType(
    {
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
                quantized=True,
                takes_quant_engine=True,
                peaks=("int8", "bf16", "fp32"),
                no_training=_NOT_DIFFERENTIABLE,
            ),
            PrecisionFacts(
                name="pt2e_int8", quantized=True, peaks=("int8", "bf16", "fp32"), no_training=_NOT_DIFFERENTIABLE
            ),
        )
    }
)
"""Precision → its facts, in the order of `PRECISIONS`."""
