"""When a repetition is too noisy to be used. All limits are in this module, each with its reason.

An invalid repetition is kept in the bundle with its codes; `bench verify` judges it again, so that
nobody can drop a slow repetition by calling it noisy.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from bench.records.measurement import InstanceResult, Repetition
from bench.records.plan import Cell
from bench.records.probe import Probe
from bench.stats.bound import find_bound
from bench.stats.drift import RATES, Level, find_levels, is_slower
from bench.stats.window import overlap_ratio

STEAL_LIMIT = 0.05
"""Above 5% stolen time an interval of a few percent means nothing. Guests of quiet hosts show under 1%."""

THROTTLED_LIMIT = 0.01
"""A quota that bites for 1% of the time stretches single samples by whole periods of 100 ms."""

FOREIGN_LIMIT = 0.10
"""Others' share of the bound CPUs. The kernel's own threads and interrupts stay well below 5%."""

MAJOR_FAULTS_LIMIT = 20
"""Pages read from disk inside the timed part: at some 0.1 ms each, 20 are 2 ms."""

THERMAL_LIMIT = 0.01
"""Share of the timed part in which a core or its package was throttled for its heat: as for quotas."""

PAUSED_LIMIT = 0.05
"""Share of the timed part in which the process did not run. Medians bear it, throughput does not; accounting in ticks of
10 ms errs by up to 4% of half a second, and clocks by nothing."""

UNACCOUNTED_LIMIT = 0.10
"""The same by the CPUs' accounting, which some hypervisors let lag behind."""

OVERLAP_LIMIT = 0.5
"""Instances that ran together for less than half of the time hardly competed for the machine."""

UNBOUNDED_CODES = frozenset({"affinity_changed", "no_overlap"})
"""Codes of noise that can make a repetition faster than a quiet one, or measure other CPUs. Other noise only slows it, so
its numbers are still a bound."""


def judge_repetitions(
    cell: Cell, repetitions: Sequence[Repetition], probes: Sequence[Probe]
) -> tuple[tuple[str, ...], ...]:
    """Return for each repetition of a cell the reason codes that void it, sorted; none for a valid one.

    The only judge of validity: the run that measures and the verification of its bundle both call it.
    A value that the kernel does not show voids nothing; it stays `unavailable` in the bundle.

    Args:
        cell: Of the plan.
        repetitions: All of the cell so far, each with the place in the run at which it was made.
        probes: Of the run, in sequence. Drift voids nothing without a probe on either side of a repetition.
    """
    bound = find_bound(cell, repetitions, probes)
    resources = tuple(RATES) if bound is None else (bound.bound_by,)
    levels = [find_levels(probes, cell.layout, resource) for resource in resources]
    return tuple(_judge(repetition, levels) for repetition in repetitions)


def mark_invalid(cell: Cell, repetitions: Sequence[Repetition], probes: Sequence[Probe]) -> tuple[Repetition, ...]:
    """Return the repetitions of a cell with the codes that void them, as `judge_repetitions` finds them."""
    judged = judge_repetitions(cell, repetitions, probes)
    return tuple(
        repetition if repetition.invalid == codes else replace(repetition, invalid=codes)
        for repetition, codes in zip(repetitions, judged, strict=True)
    )


def _judge(repetition: Repetition, levels: Sequence[Sequence[Level]]) -> tuple[str, ...]:
    """Return the codes of one repetition.

    Args:
        repetition: Of the cell.
        levels: Of each resource that may bound the cell: a shortage of other resources did not slow it.
    """
    reasons = {code for instance in repetition.instances for code in _instance_reasons(instance)}
    if overlap_ratio(repetition.instances) < OVERLAP_LIMIT:
        reasons.add("no_overlap")
    if any(is_slower(of_resource, repetition.sequence) for of_resource in levels):
        reasons.add("drift")
    return tuple(sorted(reasons))


def _instance_reasons(instance: InstanceResult) -> set[str]:
    noise = instance.noise
    last = instance.samples[-1]
    timed_s = (last.start_ns + last.elapsed_ns - instance.samples[0].start_ns) / 1e9
    # A quota stalls the process, too; that time has a code of its own.
    stalled_s = None if noise.stalled_s is None else noise.stalled_s - (noise.throttled_s or 0.0)
    limits = (
        ("steal", noise.steal_ratio, STEAL_LIMIT),
        ("throttled", noise.throttled_s, THROTTLED_LIMIT * timed_s),
        ("thermal_throttled", noise.thermal_throttled_s, THERMAL_LIMIT * timed_s),
        ("foreign_load", noise.foreign_ratio, FOREIGN_LIMIT),
        ("foreign_load", noise.sibling_ratio, FOREIGN_LIMIT),
        ("paging", noise.major_faults, MAJOR_FAULTS_LIMIT),
        ("paused", noise.suspended_s, PAUSED_LIMIT * timed_s),
        ("paused", stalled_s, PAUSED_LIMIT * timed_s),
        ("paused", noise.unaccounted_s, UNACCOUNTED_LIMIT * timed_s),
        ("affinity_changed", noise.affinity_changes, 0),
    )
    return {code for code, value, limit in limits if value is not None and value > limit}
