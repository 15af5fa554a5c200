"""When a repetition is too disturbed to be used. The limits, each with its reason, stand here once.

An invalid repetition is kept in the bundle with its codes; `bench verify` judges it again, so that
nobody can drop a slow repetition by calling it noisy.
"""

from bisect import bisect
from collections.abc import Sequence
from itertools import chain

from bench.records.measurement import InstanceResult, Probe, Repetition
from bench.records.plan import Cell
from bench.stats.probes import sum_bandwidth, sum_compute
from bench.stats.window import overlap_ratio

STEAL_LIMIT = 0.05
"""Above 5% stolen time an interval of a few percent means nothing. Guests of quiet hosts show under 1%."""

THROTTLED_LIMIT = 0.01
"""A quota that bites for 1% of the time stretches single samples by whole periods of 100 ms."""

FOREIGN_LIMIT = 0.10
"""Others' share of the bound CPUs. The kernel's own threads and interrupts stay well below 5%."""

MAJOR_FAULTS_LIMIT = 20
"""Pages read from disk inside the timed part: at some 0.1 ms each, 20 are 2 ms."""

OVERLAP_LIMIT = 0.5
"""Instances that ran together for less than half of the time were hardly ever in each other's way."""

DRIFT_LIMIT = 1.5
"""Faster over slower of the two probes around a repetition, in compute or in bandwidth, each the best of many rounds.

On a shared guest with two CPUs that nobody else used, probes within minutes differed by up to 1.34 in compute and
1.35 in bandwidth, and neighbouring ones by 1.1, as the host's clock and caches come and go: that is scatter, which
repetitions in many rounds average, and the interval shows. With another program on one of the two CPUs both fell
by 2.0, for half a minute. The limit lies between; figures in `tests/benchmarks/README.md`.
"""


UNBOUNDED_CODES = frozenset({"no_overlap"})
"""What can make a repetition seem faster than the machine is, or of another one. Other noise can only have slowed it, so
that its numbers still bound what the machine does."""


def judge_repetitions(
    cell: Cell, repetitions: Sequence[Repetition], probes: Sequence[Probe]
) -> tuple[tuple[str, ...], ...]:
    """Return for each repetition of a cell the reason codes that void it, sorted; none for a valid one.

    This is the only judge: the run that measures, the bundle that is sealed and whoever verifies it ask it.
    A value that the kernel does not show voids nothing; it stays `unavailable` in the bundle.

    Args:
        cell: Of the plan.
        repetitions: All of the cell so far, each with the place in the run at which it was made.
        probes: Of the run, in sequence. Drift voids nothing without a probe on either side of a repetition.
    """
    return tuple(_judge(repetition, cell.layout, probes) for repetition in repetitions)


def _judge(repetition: Repetition, layout: str, probes: Sequence[Probe]) -> tuple[str, ...]:
    reasons = {code for instance in repetition.instances for code in _instance_reasons(instance)}
    if overlap_ratio(repetition.instances) < OVERLAP_LIMIT:
        reasons.add("no_overlap")
    if _drift(repetition, layout, probes) > DRIFT_LIMIT:
        reasons.add("drift")
    return tuple(sorted(reasons))


def _drift(repetition: Repetition, layout: str, probes: Sequence[Probe]) -> float:
    """How far the layout's last probe before a repetition and the first after it are apart; 1 without both."""
    place = bisect(probes, repetition.sequence, key=lambda probe: probe.sequence)
    before = next((probes[i] for i in range(place - 1, -1, -1) if probes[i].layout == layout), None)
    after = next((probes[i] for i in range(place, len(probes)) if probes[i].layout == layout), None)
    if before is None or after is None:
        return 1.0
    pairs = zip(_rates(before), _rates(after), strict=True)
    return max(chain([1.0], (max(pair) / min(pair) for pair in pairs if min(pair) > 0)))


def _rates(probe: Probe) -> tuple[float, float]:
    """Operations and bytes a second of all instances together."""
    return sum_compute(probe), sum_bandwidth(probe)


def _instance_reasons(instance: InstanceResult) -> set[str]:
    noise = instance.noise
    last = instance.samples[-1]
    timed_s = (last.start_ns + last.elapsed_ns - instance.samples[0].start_ns) / 1e9
    limits = {
        "steal": (noise.steal_ratio, STEAL_LIMIT),
        "throttled": (noise.throttled_s, THROTTLED_LIMIT * timed_s),
        "foreign_load": (noise.foreign_ratio, FOREIGN_LIMIT),
        "paging": (noise.major_faults, MAJOR_FAULTS_LIMIT),
    }
    return {code for code, (value, limit) in limits.items() if value is not None and value > limit}
