"""Rates of a whole layout, from the probes of its instances."""

from bench.records.measurement import Probe


def sum_compute(probe: Probe) -> float:
    """Return the fp32 operations a second of all instances together; 0 where the probe has no such rate."""
    return sum(result.flops_per_s.get("fp32", 0.0) for result in probe.instances)


def sum_bandwidth(probe: Probe) -> float:
    """Return the bytes a second of all instances together."""
    return sum(result.bandwidth_bytes_per_s for result in probe.instances)
