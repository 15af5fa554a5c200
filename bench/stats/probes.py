"""Rates of a whole layout, from the probes of its instances."""

from bench.records.probe import Probe


def sum_compute(probe: Probe) -> float:
    """Return the fp32 operations a second of all instances together, of the product that shows drift."""
    return sum(result.product_flops_per_s for result in probe.instances)


def sum_bandwidth(probe: Probe) -> float:
    """Return the bytes a second of all instances together, of the triad."""
    return sum(result.triad_bytes_per_s for result in probe.instances)
