"""Fit instances into a CPU quota: with more threads than it allows, the kernel throttles all of them.

Source: Linux `Documentation/scheduler/sched-bwc.rst`.
"""

from dataclasses import replace
from math import floor

from bench.errors import EnvironmentUnfitError
from bench.profiles.groups import Group, cpus_of
from bench.profiles.overrides import Overrides, format_options
from bench.profiles.wording import count
from bench.records.cpulist import format_cpulist
from bench.records.reason import Reason


def thread_budget(cpu_quota: float) -> int:
    """Return how many threads a quota keeps running: whole CPUs, rounded down, at least one."""
    return max(1, floor(cpu_quota))


def fit_quota(
    groups: tuple[Group, ...], cpu_quota: float | None, overrides: Overrides
) -> tuple[tuple[Group, ...], list[Reason]]:
    """Take threads away, evenly, until all instances together fit the quota, with notes.

    Instances go first where there is less than a thread for each, or where the user fixed the threads.

    Args:
        groups: The instances, one thread for each of their CPUs.
        cpu_quota: CPUs' worth of time; None if there is none.
        overrides: What the user fixed and the quota must not change.

    Raises:
        EnvironmentUnfitError: what the user fixed does not fit the quota.
    """
    if cpu_quota is None:
        return groups, []
    budget = thread_budget(cpu_quota)
    wanted = sum(len(group.slots) for group in groups)
    quota = {"quota_cpus": f"{cpu_quota:g}"}
    throttled = [Reason(code="quota_below_one_thread", values=quota)] if cpu_quota < 1 else []
    if wanted <= budget:
        return groups, throttled
    kept = _cut_to_budget(groups, budget, overrides.threads)
    if not kept or (overrides.instances is not None and len(kept) < overrides.instances):
        raise EnvironmentUnfitError(
            f"{' '.join(format_options(overrides))} needs more than the quota of {cpu_quota:g} CPUs, "
            f"which keeps {count(budget, 'thread')} running; ask for less, or raise the container's --cpus"
        )
    return kept, [*_note_cut(groups, kept, quota), *throttled]


def _note_cut(groups: tuple[Group, ...], kept: tuple[Group, ...], quota: dict[str, str]) -> list[Reason]:
    sizes = [len(group.slots) for group in kept]
    threads = {"threads": str(sum(len(group.slots) for group in groups)), "kept_threads": str(sum(sizes))}
    idle = {"cpus": format_cpulist(cpus_of(groups) - cpus_of(kept))}
    notes = [Reason(code="quota_cuts_threads", values=quota | threads | idle)]
    if len(kept) < len(groups):
        instances = {"instances": str(len(groups)), "kept_instances": str(len(kept))}
        notes.append(Reason(code="quota_cuts_instances", values=quota | instances))
    if len(set(sizes)) > 1:
        values = {"least": str(min(sizes)), "most": str(max(sizes))}
        notes.append(Reason(code="quota_uneven", values=quota | values))
    return notes


def _cut_to_budget(groups: tuple[Group, ...], budget: int, threads: int | None) -> tuple[Group, ...]:
    if threads is not None:
        return groups[: budget // threads]
    shares = [0] * len(groups)
    while budget:
        for index, group in enumerate(groups):
            if budget and shares[index] < len(group.slots):
                shares[index] += 1
                budget -= 1
    return tuple(
        replace(group, slots=group.slots[:share]) for group, share in zip(groups, shares, strict=True) if share
    )
