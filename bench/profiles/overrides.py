"""Overrides: options of the user that replace a profile's decisions, and the layouts that each applies to."""

import msgspec

from bench.errors import UsageError
from bench.records.cpulist import format_cpulist
from bench.records.profile import Allocator, InstancePer, LayoutName, OpenMpRuntime, Placement, Siblings
from bench.records.record import Record


class Overrides(Record, frozen=True, kw_only=True):
    """Options of the command line that replace a profile's decision; None leaves it to the profile.

    Attributes:
        instances: `--instances` of the throughput layout; the others have one instance by definition.
        threads: `--threads` per instance; not for `single_core`, which has one thread by definition.
        cpus: `--cpus`, the logical CPUs to use, with SMT siblings if they are named.
        memory_nodes: `--memory-nodes`, for every instance.
        openmp: `--openmp`, for every layout.
        allocator: `--allocator`, the same.
        siblings: Of an arm of `bench tune`: whether each hardware thread of a core gets a thread; not for `single_core`.
        instance_per: The same: what one instance fills, of the throughput layout.
    """

    instances: int | None = None
    threads: int | None = None
    cpus: frozenset[int] | None = None
    memory_nodes: frozenset[int] | None = None
    openmp: OpenMpRuntime | None = None
    allocator: Allocator | None = None
    siblings: Siblings | None = None
    instance_per: InstancePer | None = None


def check_overrides(overrides: Overrides) -> None:
    """Refuse values that no machine could satisfy.

    Raises:
        UsageError: fewer than one instance or thread, or an empty list.
    """
    for option, count in (("--instances", overrides.instances), ("--threads", overrides.threads)):
        if count is not None and count < 1:
            raise UsageError(f"{option} {count}: wanted at least 1")
    for option, ids in (("--cpus", overrides.cpus), ("--memory-nodes", overrides.memory_nodes)):
        if ids is not None and not ids:
            raise UsageError(f"{option} is empty: name at least one, or leave the option out")


def overrides_for(overrides: Overrides, layout: LayoutName) -> Overrides:
    """Return the overrides that apply to a layout."""
    return Overrides(
        instances=overrides.instances if layout == "throughput" else None,
        threads=None if layout == "single_core" else overrides.threads,
        cpus=overrides.cpus,
        memory_nodes=overrides.memory_nodes,
        openmp=overrides.openmp,
        allocator=overrides.allocator,
        siblings=None if layout == "single_core" else overrides.siblings,
        instance_per=overrides.instance_per if layout == "throughput" else None,
    )


def with_placement(overrides: Overrides, placement: Placement | None) -> Overrides:
    """Return the overrides of one layout, completed by the profile's own numbers for it.

    A profile's numbers are of the machine's cores. So they do not apply where the user names CPUs, and no number of
    instances where the user names what each fills.
    """
    if placement is None or overrides.cpus is not None:
        return overrides
    siblings = overrides.siblings or placement.siblings
    if overrides.instance_per is not None:
        return msgspec.structs.replace(overrides, siblings=siblings)
    return msgspec.structs.replace(
        overrides,
        instances=overrides.instances or placement.instances,
        threads=overrides.threads or placement.threads,
        siblings=siblings,
    )


def format_options(overrides: Overrides) -> tuple[str, ...]:
    """Format the overrides as the user types them: `--instances 2`, `--cpus 0-3`."""
    given = {name: getattr(overrides, name) for name in overrides.__struct_fields__}
    return tuple(
        f"--{name.replace('_', '-')} {format_cpulist(value) if isinstance(value, frozenset) else value}"
        for name, value in given.items()
        if value is not None
    )
