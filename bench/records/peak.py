"""Peaks: the most that the CPUs of one instance can do, and what a probe is asked for."""

from typing import Annotated, Literal

from msgspec import Meta

from bench.records.reason import Reason
from bench.records.record import Record

PeakPrecision = Literal["fp32", "bf16", "fp16", "int8"]
"""What is multiplied; sums are kept in fp32, those of int8 in int32."""

Rate = Annotated[float, Meta(gt=0)]
ByteCount = Annotated[int, Meta(ge=1, le=1 << 50)]


class Peak(Record, frozen=True, kw_only=True):
    """The best rate of one instruction, or of one kernel of a library that torch calls.

    Attributes:
        method: `instructions`: independent ones, with all operands in registers; or `kernel`.
        name: The loop of `bench.measure.instruction_loops`, or the kernel of `bench.measure.kernels`.
        operations_per_s: Two for each multiply-add, all threads of the instance together.
    """

    precision: PeakPrecision
    method: Literal["instructions", "kernel"]
    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z")]
    operations_per_s: Rate


class ProbeRequest(Record, frozen=True, kw_only=True):
    """What a probe measures.

    Attributes:
        array_bytes: Of each array of the bandwidth measurements.
        cache_bytes: Of all caches that the instance's CPUs reach; None where the kernel shows none.
        peaks: Measure all peaks, and not only the rates that show drift.
        loops: Name of an instruction loop → the library that holds it, compiled for this run.
        missing: Why there is no loop for a precision, as far as that was found when they were compiled.
    """

    array_bytes: ByteCount
    cache_bytes: ByteCount | None
    peaks: bool
    loops: dict[str, str] = {}
    missing: tuple[Reason, ...] = ()
