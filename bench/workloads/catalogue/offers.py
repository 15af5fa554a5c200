"""What whole families offer, so that a row says only where it differs."""

from typing import Final

from bench.records.case import Backend, MemoryFormat, Precision

FLOATING: Final[tuple[Precision, ...]] = ("fp32", "bf16", "fp16", "amp_bf16", "amp_fp16")
QUANTIZED: Final[tuple[Precision, ...]] = ("fx_int8", "pt2e_int8")
EVERY_PRECISION: Final[tuple[Precision, ...]] = (*FLOATING, *QUANTIZED)

CONTIGUOUS: Final[tuple[MemoryFormat, ...]] = ("contiguous",)
EVERY_FORMAT: Final[tuple[MemoryFormat, ...]] = ("contiguous", "channels_last")

INDUCTORS: Final[tuple[Backend, ...]] = ("inductor", "inductor_freezing", "inductor_max_autotune")
EVERY_BACKEND: Final[tuple[Backend, ...]] = (
    "eager",
    "torchscript",
    *INDUCTORS,
    "aot_inductor",
    "onnxruntime",
    "openvino",
)
