"""Groups of CPUs, one for each instance: by NUMA node, by L3 group, or as many as the user wants."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.errors import UsageError
from bench.profiles.cores import Slot, UsableCpus
from bench.profiles.wording import count
from bench.records.cpulist import format_cpulist
from bench.records.reason import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The CPUs of one instance.

    Attributes:
        label: What it is, in words and numbers: `node 0`, `L3 of CPU 8`, `instance 3`.
        slots: At least one.
    """

    label: str
    slots: tuple[Slot, ...]

    @property
    def cpus(self) -> frozenset[int]:
        """The logical CPUs."""
        return frozenset(slot.cpu for slot in self.slots)

    @property
    def nodes(self) -> frozenset[int]:
        """The NUMA nodes of these CPUs; a CPU that the kernel puts on no node adds none."""
        return frozenset(slot.node for slot in self.slots if slot.node is not None)


def group_by_node(slots: Sequence[Slot]) -> tuple[Group, ...]:
    """Return a group for each NUMA node, by number, and one for CPUs on no node."""
    nodes: dict[int | None, list[Slot]] = {}
    for slot in slots:
        nodes.setdefault(slot.node, []).append(slot)
    return tuple(
        Group(label="no node" if node is None else f"node {node}", slots=tuple(on_node))
        for node, on_node in nodes.items()
    )


def group_by_l3(slots: Sequence[Slot]) -> tuple[Group, ...]:
    """Return a group for each last-level cache, never across nodes; all caches must be known."""
    caches: dict[tuple[int | None, int | None], list[Slot]] = {}
    for slot in slots:
        caches.setdefault((slot.node, slot.l3), []).append(slot)
    return tuple(Group(label=f"L3 of CPU {l3}", slots=tuple(sharing)) for (_, l3), sharing in caches.items())


def group_per(usable: UsableCpus, instance_per: str) -> tuple[tuple[Group, ...], list[Reason]]:
    """Return the groups that a profile wants, with notes.

    Args:
        usable: All CPUs to divide.
        instance_per: `node` or `l3`; where an L3 group is unknown, `l3` becomes `node`.
    """
    if instance_per == "l3" and all(slot.l3 is not None for slot in usable.slots):
        groups = group_by_l3(usable.slots)
        return groups, _note_uneven(groups, usable.unit)
    groups = group_by_node(usable.slots)
    unknown = [Reason(code="l3_unknown")] if instance_per == "l3" else []
    return groups, unknown + _note_uneven(groups, usable.unit)


def split_into(usable: UsableCpus, instances: int) -> tuple[tuple[Group, ...], list[Reason]]:
    """Return as many groups as the user wants, with notes: within nodes where that divides, else over all in order.

    Raises:
        UsageError: more instances than CPUs.
    """
    slots = usable.slots
    if instances > len(slots):
        raise UsageError(
            f"--instances {instances} is more than the {count(len(slots), f'usable {usable.unit}')}; "
            f"at most {len(slots)} can run without sharing"
        )
    nodes = group_by_node(slots)
    per_node, remainder = divmod(instances, len(nodes))
    if remainder == 0 and all(len(node.slots) >= per_node for node in nodes):
        parts = [part for node in nodes for part in _cut_evenly(node.slots, per_node)]
    else:
        parts = _cut_evenly(slots, instances)
    groups = tuple(Group(label=f"instance {index}", slots=part) for index, part in enumerate(parts))
    notes = _note_uneven(groups, usable.unit)
    idle = frozenset(slot.cpu for slot in slots).difference(*(group.cpus for group in groups))
    if idle:
        values = {"cpus": format_cpulist(idle), "total": str(len(slots)), "instances": str(instances)}
        notes.append(Reason(code="idle_by_division", values=values | {"unit": usable.unit}))
    return groups, notes


def cut_threads(groups: tuple[Group, ...], threads: int, unit: str) -> tuple[tuple[Group, ...], list[Reason]]:
    """Keep the first CPUs of each group, one for each thread that the user wants, with notes.

    Raises:
        UsageError: a group has fewer CPUs than that.
    """
    smallest = min(groups, key=lambda group: len(group.slots))
    if threads > len(smallest.slots):
        raise UsageError(
            f"--threads {threads} is more than the {count(len(smallest.slots), f'usable {unit}')} of {smallest.label}; "
            "lower it, or let fewer --instances of the throughput layout share the cores"
        )
    kept = tuple(replace(group, slots=group.slots[:threads]) for group in groups)
    idle = cpus_of(groups) - cpus_of(kept)
    values = {"cpus": format_cpulist(idle), "threads": str(threads)}
    return kept, [Reason(code="idle_by_threads_option", values=values)] if idle else []


def cpus_of(groups: Sequence[Group]) -> frozenset[int]:
    """Return the logical CPUs of all groups."""
    return frozenset(cpu for group in groups for cpu in group.cpus)


def note_spanning(groups: Sequence[Group]) -> list[Reason]:
    """Note which instances lie on more than one node: part of their memory is remote."""
    return [
        Reason(code="spans_nodes", values={"instance": str(index), "nodes": format_cpulist(group.nodes)})
        for index, group in enumerate(groups)
        if len(group.nodes) > 1
    ]


def _cut_evenly(slots: tuple[Slot, ...], parts: int) -> list[tuple[Slot, ...]]:
    size = len(slots) // parts
    return [slots[index * size : (index + 1) * size] for index in range(parts)]


def _note_uneven(groups: tuple[Group, ...], unit: str) -> list[Reason]:
    largest = max(groups, key=lambda group: len(group.slots))
    short: dict[int, list[str]] = {}
    for group in groups:
        missing = len(largest.slots) - len(group.slots)
        if missing:
            short.setdefault(missing, []).append(group.label)
    return [
        Reason(
            code="fewer_cpus",
            values={"groups": ", ".join(labels), "fewer": str(missing), "unit": unit, "largest": largest.label},
        )
        for missing, labels in sorted(short.items())
    ]
