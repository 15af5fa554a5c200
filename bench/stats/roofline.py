"""The roofline: the least time that one iteration could take on this layout, by the run's own probes.

Model: Williams, Waterman and Patterson, Roofline (CACM 52(4), 2009).
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from bench.records.case import Precision
from bench.records.measurement import Proof
from bench.records.peak import Peak
from bench.records.precision import PRECISION_FACTS
from bench.records.probe import Probe, ProbeResult


class LeastTime(NamedTuple):
    """A lower bound of one iteration, and which resource sets it."""

    seconds: float
    bound_by: Literal["compute", "memory"]


def least_time(proof: Proof, precision: Precision, probes: Sequence[Probe]) -> LeastTime | None:
    """Return the least time of one iteration in one instance.

    Memory has to deliver only what the caches of the instance cannot hold from one iteration to the next.

    Args:
        proof: Operations and least traffic of one iteration.
        precision: Of the case.
        probes: Of the case's layout; the best rate that any of them saw counts, per instance.

    Returns:
        None if no probe measured peaks, or nothing is counted.
    """
    results = [result for probe in probes for result in probe.instances]
    peak = find_peak_compute(results, precision)
    bandwidth = find_peak_bandwidth(results)
    if peak is None or bandwidth is None or not (proof.flops or proof.traffic_bytes):
        return None
    held_bytes = max(result.cache_bytes or 0 for result in results)
    compute_s = proof.flops / peak.operations_per_s
    memory_s = max(0, proof.traffic_bytes - held_bytes) / bandwidth
    if not (compute_s or memory_s):  # all that it counts is data, and all of it stays in caches
        return None
    return LeastTime(compute_s, "compute") if compute_s >= memory_s else LeastTime(memory_s, "memory")


def find_peak_compute(results: Sequence[ProbeResult], precision: Precision) -> Peak | None:
    """Return the best peak that may bound a precision; None where none was measured.

    That is its instructions' peak, unless a kernel was faster: then the loop's instruction is not the fastest one that
    this CPU has, or the host was busy while the loop ran.

    Args:
        results: Of one layout's instances, from any number of probes.
        precision: Of a case.
    """
    names = PRECISION_FACTS[precision].peaks
    peaks = [peak for result in results for peak in result.peaks if peak.precision in names]
    return max(peaks, key=lambda peak: peak.operations_per_s, default=None)


def find_peak_bandwidth(results: Sequence[ProbeResult]) -> float | None:
    """Return the best rate of triad and read sweep, in bytes a second; None where no probe measured peaks.

    Most of a model's traffic is read, and in decoding all but a thousandth: the sweep is what bounds it. Where the triad
    is faster, although it writes, it bounds all the more.

    Args:
        results: Of one layout's instances, from any number of probes.
    """
    rates = [
        max(result.triad_bytes_per_s, result.read_bytes_per_s)
        for result in results
        if result.read_bytes_per_s is not None
    ]
    return max(rates, default=None)
