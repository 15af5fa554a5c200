"""Probes: what the host could do between repetitions, and the peaks of a layout."""

from bench.records.machine import Count
from bench.records.peak import ByteCount, Peak, Rate
from bench.records.reason import Reason
from bench.records.record import Record


class ProbeResult(Record, frozen=True, kw_only=True):
    """Compute and memory bandwidth of one instance's binding.

    Attributes:
        product_flops_per_s: Best rate of `torch.mm` in fp32, always of the same size: shows drift, and is no peak.
        triad_bytes_per_s: Best rate of a = b + s·c, counted as STREAM counts it: two arrays read and one written. The
            fetch of each written line before it is written, which ordinary stores need, is not counted.
        array_bytes: Of each array of the bandwidth measurements.
        cache_bytes: Of all caches from the second level on that the binding's CPUs reach; None: not recorded.
        read_bytes_per_s: Best rate of reading one array; None where peaks were not asked for.
        peaks: Each instruction's and each kernel's, by precision; empty where peaks were not asked for.
        missing: Why a precision has no peak of its instructions.
    """

    product_flops_per_s: Rate
    triad_bytes_per_s: Rate
    array_bytes: ByteCount
    cache_bytes: ByteCount | None = None
    read_bytes_per_s: Rate | None = None
    peaks: tuple[Peak, ...] = ()
    missing: tuple[Reason, ...] = ()


class Probe(Record, frozen=True, kw_only=True):
    """A short probe of a whole layout, all instances together.

    Attributes:
        sequence: Its place among all repetitions and probes of the run, from 0.
    """

    layout: str
    sequence: Count
    started_at: str
    instances: tuple[ProbeResult, ...]
