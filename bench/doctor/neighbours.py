"""Findings about neighbours: what a probe saw."""

from collections.abc import Iterator, Sequence
from typing import Final

from bench.doctor.finding import BUSY_CPU_COST, HERE, make_finding
from bench.records.cpulist import format_cpulist
from bench.records.diagnosis import Cost, Finding, NeighbourProbe, ProbedCpu
from bench.stats.noise import FOREIGN_LIMIT, STEAL_LIMIT

SPREAD_LIMIT: Final = 0.20
"""By which the slowest tenth of the loop's times may begin above their median.

24 probes of 5 s, each of an idle CPU of a guest (AMD Zen 5): 3% to 11% in 20 of them, and 61% to 82% in the other four.
"""

CPU_LIMIT: Final = 0.20
"""By which the median of the slowest CPU may lie above that of the fastest. In the same probes: up to 9%."""


def find_neighbours(probe: NeighbourProbe | None) -> Iterator[Finding]:
    """Yield what a probe found; one finding if there was none or if all is quiet."""
    if probe is None:
        yield make_finding("neighbours", "unknown", "not_probed")
        return
    found = [*_find_use(probe.cpus), *_find_times(probe.cpus)]
    yield from found or [make_finding("neighbours", "fine", "neighbours_quiet", elapsed_s=f"{probe.elapsed_s:.0f}")]


def _find_use(cpus: Sequence[ProbedCpu]) -> Iterator[Finding]:
    stolen = [cpu for cpu in cpus if cpu.steal_ratio is not None and cpu.steal_ratio > STEAL_LIMIT]
    if stolen:
        worst = max(cpu.steal_ratio or 0.0 for cpu in stolen)
        cost = Cost(effect="time", low_ratio=0.0, high_ratio=worst / max(0.01, 1 - worst), source=HERE)
        yield make_finding("neighbours", "scatter", "steal_seen", cost, cpus=_list(stolen), worst_ratio=f"{worst:.3f}")
    used = [cpu for cpu in cpus if cpu.foreign_ratio is not None and cpu.foreign_ratio > FOREIGN_LIMIT]
    if used:
        worst = max(cpu.foreign_ratio or 0.0 for cpu in used)
        yield make_finding(
            "neighbours", "scatter", "foreign_load_seen", BUSY_CPU_COST, cpus=_list(used), worst_ratio=f"{worst:.3f}"
        )
    hidden = [cpu for cpu in cpus if cpu.steal_ratio is None or cpu.foreign_ratio is None]
    if hidden:
        yield make_finding("neighbours", "unknown", "use_not_shown", cpus=_list(hidden))


def _find_times(cpus: Sequence[ProbedCpu]) -> Iterator[Finding]:
    uneven = [cpu for cpu in cpus if cpu.spread_ratio > SPREAD_LIMIT]
    if uneven:
        worst = max(cpu.spread_ratio for cpu in uneven)
        cost = Cost(effect="time", low_ratio=0.0, high_ratio=worst, source=HERE)
        values = {"cpus": _list(uneven), "worst_ratio": f"{worst:.3f}"}
        yield make_finding("neighbours", "scatter", "loop_times_scatter", cost, **values)
    fastest = min(cpus, key=lambda cpu: cpu.median_ns)
    slow = [cpu for cpu in cpus if cpu.median_ns > fastest.median_ns * (1 + CPU_LIMIT)]
    if slow:
        worst = max(cpu.median_ns for cpu in slow) / max(1, fastest.median_ns) - 1
        values = {"cpus": _list(slow), "fastest": str(fastest.cpu), "worst_ratio": f"{worst:.3f}"}
        yield make_finding("neighbours", "slow", "cpus_unequal", _time_here(worst), **values)


def _time_here(ratio: float) -> Cost:
    return Cost(effect="time", low_ratio=ratio, high_ratio=ratio, source=HERE)


def _list(cpus: Sequence[ProbedCpu]) -> str:
    return format_cpulist(cpu.cpu for cpu in cpus)
