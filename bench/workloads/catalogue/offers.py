"""What whole families support, so that a row says only where it differs."""

from typing import Final

from bench.records.case import PRECISIONS, MemoryFormat, Precision
from bench.records.precision import PRECISION_FACTS

LINEAR_ONLY: Final[tuple[Precision, ...]] = tuple(name for name in PRECISIONS if PRECISION_FACTS[name].linear_only)
EVERY_PRECISION: Final[tuple[Precision, ...]] = tuple(name for name in PRECISIONS if name not in LINEAR_ONLY)
"""Every one that is for all kinds of layers."""
FLOATING: Final[tuple[Precision, ...]] = tuple(name for name in PRECISIONS if not PRECISION_FACTS[name].quantized)

CONTIGUOUS: Final[tuple[MemoryFormat, ...]] = ("contiguous",)
EVERY_FORMAT: Final[tuple[MemoryFormat, ...]] = ("contiguous", "channels_last")
