"""What whole families support, so that a row says only where it differs."""

from typing import Final

from bench.records.case import PRECISIONS, MemoryFormat, Precision
from bench.records.precision import PRECISION_FACTS

EVERY_PRECISION: Final[tuple[Precision, ...]] = PRECISIONS
FLOATING: Final[tuple[Precision, ...]] = tuple(name for name in PRECISIONS if not PRECISION_FACTS[name].quantized)

CONTIGUOUS: Final[tuple[MemoryFormat, ...]] = ("contiguous",)
EVERY_FORMAT: Final[tuple[MemoryFormat, ...]] = ("contiguous", "channels_last")
