"""Fit instances into a CPU quota: with more threads than the quota pays for, all of them are throttled in turn."""

from dataclasses import replace
from math import floor

from bench.errors import EnvironmentUnfitError
from bench.profiles.groups import Group, cpus_of
from bench.profiles.notes import count, list_ids
from bench.profiles.overrides import Overrides, format_options


def thread_budget(cpu_quota: float) -> int:
    """Threads that a quota can keep running: whole CPUs, rounded down, and never none."""
    return max(1, floor(cpu_quota))


def fit_quota(
    groups: tuple[Group, ...], cpu_quota: float | None, overrides: Overrides
) -> tuple[tuple[Group, ...], list[str]]:
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
    throttled = []
    if cpu_quota < 1:
        throttled.append(f"quota of {cpu_quota:g} CPUs is less than the one thread that runs: it is throttled")
    if wanted <= budget:
        return groups, throttled
    kept = _cut_to_budget(groups, budget, overrides.threads)
    if not kept or (overrides.instances is not None and len(kept) < overrides.instances):
        raise EnvironmentUnfitError(
            f"{' '.join(format_options(overrides))} needs more than the quota of {cpu_quota:g} CPUs, "
            f"which keeps {count(budget, 'thread')} running; ask for less, or raise the container's --cpus"
        )
    idle = list_ids("CPU", cpus_of(groups) - cpus_of(kept))
    running = sum(len(group.slots) for group in kept)
    cut = f"quota of {cpu_quota:g} CPUs rounds {count(wanted, 'thread')} down to {running}"
    if len(kept) < len(groups):
        cut += f" and {count(len(groups), 'instance')} to {len(kept)}"
    sizes = {len(group.slots) for group in kept}
    if len(sizes) > 1:
        cut += f", {min(sizes)} to {max(sizes)} an instance"
    return kept, [f"{cut}; left idle: {idle}", *throttled]


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
