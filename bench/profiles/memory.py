"""Which NUMA nodes an instance's memory shall come from."""

from collections.abc import Iterable, Sequence

from bench.errors import EnvironmentUnfitError
from bench.profiles.groups import Group
from bench.profiles.notes import list_ids
from bench.profiles.overrides import Overrides
from bench.records.cpulist import format_cpulist, parse_cpulist
from bench.records.machine import Topology


def choose_memory(
    groups: Sequence[Group], topology: Topology, overrides: Overrides
) -> tuple[list[frozenset[int]], list[str]]:
    """The memory nodes of each instance, with notes; empty where none can be named.

    They are the nodes of its CPUs. Where the cpuset keeps memory elsewhere, or those nodes have none,
    they are the nodes that the kernel will take memory from instead, and a note says so.

    Raises:
        EnvironmentUnfitError: `--memory-nodes` names nodes whose memory this process may not use.
    """
    usable = parse_cpulist(topology.allowed_memory_nodes) & {
        node.id for node in topology.nodes if node.memory_bytes != 0
    }
    if overrides.memory_nodes is not None:
        return _choose_named(groups, usable, overrides.memory_nodes)
    unbound: list[frozenset[int]] = [frozenset() for _ in groups]
    if not topology.nodes:
        return unbound, []
    if not usable:
        return unbound, ["memory is bound to no node: which nodes' memory may be used is not known"]
    return _choose_near(groups, topology, usable)


def note_without_cpus(topology: Topology, memory_nodes: Iterable[int]) -> list[str]:
    """Say which nodes have memory that no instance is bound to because they have no CPUs."""
    empty = {node.id for node in topology.nodes if not parse_cpulist(node.cpus) and node.memory_bytes}
    unused = empty.difference(memory_nodes)
    return [f"memory without CPUs, not used: {list_ids('node', unused)}"] if unused else []


def _choose_named(
    groups: Sequence[Group], usable: frozenset[int], named: frozenset[int]
) -> tuple[list[frozenset[int]], list[str]]:
    if not named <= usable:
        raise EnvironmentUnfitError(
            f"--memory-nodes {format_cpulist(named)}: this process may use the memory of "
            f"{list_ids('node', usable) if usable else 'no node that can be named'}; "
            "name some of those, or widen --cpuset-mems"
        )
    far = frozenset(node for group in groups for node in group.nodes) - named
    note = f"--memory-nodes: CPUs on {list_ids('node', far)} use memory of {list_ids('node', named)}"
    return [named for _ in groups], [note] if far else []


def _choose_near(
    groups: Sequence[Group], topology: Topology, usable: frozenset[int]
) -> tuple[list[frozenset[int]], list[str]]:
    with_cpus = usable & {node.id for node in topology.nodes if parse_cpulist(node.cpus)}
    chosen: list[frozenset[int]] = []
    far: dict[frozenset[int], set[int]] = {}
    without_node: set[int] = set()
    for group in groups:
        if not group.nodes:
            without_node |= group.cpus
            chosen.append(frozenset())
            continue
        nodes = group.nodes & usable or with_cpus or usable
        chosen.append(nodes)
        if group.nodes - usable:
            far.setdefault(nodes, set()).update(group.nodes - usable)
    notes = [
        f"no memory that may be used on {list_ids('node', lacking)}: memory comes from {list_ids('node', nodes)}"
        for nodes, lacking in far.items()
    ]
    if without_node:
        notes.append(f"memory is bound to no node: the kernel puts {list_ids('CPU', without_node)} on none")
    return chosen, notes
