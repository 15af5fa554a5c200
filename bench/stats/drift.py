"""Drift: whether the host was slower around a repetition than it was for much of the run, by the run's own probes.

Repetitions are judged by the level of the probes around them, not by jumps between neighbouring probes: a neighbour who
stays for long makes no jump, and a memory bandwidth that flips between two levels makes one each time.
"""

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from statistics import fmean
from types import MappingProxyType
from typing import NamedTuple

from bench.records.probe import Probe
from bench.stats.probes import sum_bandwidth, sum_compute

DRIFT_LIMIT = 1.25
"""The run's upper quartile over the mean of the levels around a repetition.

By simulation of a neighbour who takes half of the CPU, beside a bandwidth that flips by itself: this voids 69% of what
the neighbour touches and 13% of the rest. Jumps of 1.5 between neighbouring probes void 34% and 30%. Probes of a quiet
shared guest differ by up to 1.34 within minutes; that is scatter, which repetitions in many rounds average.
"""

RATES: Mapping[str, Callable[[Probe], float]] = MappingProxyType({"compute": sum_compute, "memory": sum_bandwidth})
"""Resource, as a peak that bounds a cell is named → its rate in a probe."""


class Level(NamedTuple):
    """What the layout could do at one moment.

    Attributes:
        sequence: Of the first probe of that moment.
        rate: The best of its probes: an odd probe is repeated immediately.
    """

    sequence: int
    rate: float


def find_levels(probes: Sequence[Probe], layout: str, resource: str) -> list[Level]:
    """Return the levels of a layout's resource, where probes with no repetition between them are one moment.

    Args:
        probes: Of the run, in sequence, of all layouts.
        layout: Its name.
        resource: `compute` or `memory`.
    """
    moments: dict[int, list[Probe]] = {}
    for position, probe in enumerate(probes):
        # Places in the run are consecutive among probes, and jump where a repetition lies between.
        moments.setdefault(probe.sequence - position, []).append(probe)
    of_layout = ([probe for probe in moment if probe.layout == layout] for moment in moments.values())
    levels = (Level(moment[0].sequence, max(map(RATES[resource], moment))) for moment in of_layout if moment)
    return [level for level in levels if level.rate > 0]  # 0 where the probe has no such rate


def is_slower(levels: Sequence[Level], sequence: int) -> bool:
    """Return whether the levels around a place in the run lie below the run's upper range; not without both."""
    before = [level for level in levels if level.sequence < sequence]
    after = [level for level in levels if level.sequence > sequence]
    if not before or not after:
        return False
    return _is_low(fmean((before[-1].rate, after[0].rate)), levels)


def is_probe_odd(probes: Sequence[Probe], layout: str) -> bool:
    """Return whether a layout's latest level is low, so that an immediate second probe shows if the host was slow."""
    for resource in RATES:
        levels = find_levels(probes, layout, resource)
        if len(levels) > 1 and _is_low(levels[-1].rate, levels):
            return True
    return False


def _is_low(rate: float, levels: Sequence[Level]) -> bool:
    """Return whether a rate is below the upper quartile by more than the limit; of three levels, below the highest."""
    rates = sorted(level.rate for level in levels)
    upper = rates[ceil(0.75 * len(rates)) - 1]
    return rate * DRIFT_LIMIT < upper
