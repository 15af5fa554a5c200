"""The ceiling: the least time that one iteration could take on this layout, by the run's own probes.

Model: Williams, Waterman and Patterson, Roofline (CACM 52(4), 2009).
"""

from collections.abc import Sequence

from bench.records.case import Precision
from bench.records.measurement import Probe, Proof
from bench.records.precision import PRECISION_FACTS


def least_time(proof: Proof, precision: Precision, probes: Sequence[Probe]) -> tuple[float, str] | None:
    """Least seconds of one iteration in one instance, and whether `compute` or `memory` sets it.

    Args:
        proof: Operations and least traffic of one iteration.
        precision: Of the case.
        probes: Of the case's layout; the best rate that any of them saw counts, per instance.

    Returns:
        None if there is no probe, or nothing to count.
    """
    results = [result for probe in probes for result in probe.instances]
    peaks = [
        result.flops_per_s[name]
        for result in results
        for name in PRECISION_FACTS[precision].peaks
        if name in result.flops_per_s
    ]
    if not results or not peaks or not (proof.flops or proof.traffic_bytes):
        return None
    compute_s = proof.flops / max(peaks)
    memory_s = proof.traffic_bytes / max(result.bandwidth_bytes_per_s for result in results)
    return (compute_s, "compute") if compute_s >= memory_s else (memory_s, "memory")
