"""When a repetition is too disturbed to be used. The limits, each with its reason, stand here once.

An invalid repetition is kept in the bundle with its codes; `bench verify` judges it again, so that
nobody can drop a slow repetition by calling it noisy.
"""

from collections.abc import Sequence

from bench.records.measurement import InstanceResult
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


def invalid_reasons(instances: Sequence[InstanceResult]) -> tuple[str, ...]:
    """Reason codes that forbid using a repetition, sorted; empty if it is valid.

    A value that the kernel does not show forbids nothing; it stays `unavailable` in the bundle.
    """
    reasons = {code for instance in instances for code in _instance_reasons(instance)}
    if overlap_ratio(instances) < OVERLAP_LIMIT:
        reasons.add("no_overlap")
    return tuple(sorted(reasons))


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
