"""The NUMA nodes that an instance's memory comes from."""

from collections.abc import Iterable, Sequence

from bench.errors import EnvironmentUnfitError
from bench.profiles.groups import Group
from bench.profiles.overrides import Overrides
from bench.profiles.wording import list_ids
from bench.records.cpulist import format_cpulist, parse_cpulist
from bench.records.machine import Topology
from bench.records.reason import Reason


def choose_memory(
    groups: Sequence[Group], topology: Topology, overrides: Overrides
) -> tuple[list[frozenset[int]], list[Reason]]:
    """Return the memory nodes of each instance, with notes; empty where none can be named.

    They are the nodes of its CPUs. If the cpuset keeps memory elsewhere, or those nodes have none, they are the
    nodes that the kernel takes memory from instead, and a note says so.

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
        return unbound, [Reason(code="memory_nodes_unknown")]
    return _choose_near(groups, topology, usable)


def note_without_cpus(topology: Topology, memory_nodes: Iterable[int]) -> list[Reason]:
    """Note which nodes have memory that no instance is bound to because they have no CPUs."""
    empty = {node.id for node in topology.nodes if not parse_cpulist(node.cpus) and node.memory_bytes}
    unused = empty.difference(memory_nodes)
    return [Reason(code="memory_without_cpus", values={"nodes": format_cpulist(unused)})] if unused else []


def _choose_named(
    groups: Sequence[Group], usable: frozenset[int], named: frozenset[int]
) -> tuple[list[frozenset[int]], list[Reason]]:
    if not named <= usable:
        raise EnvironmentUnfitError(
            f"--memory-nodes {format_cpulist(named)}: this process may use the memory of "
            f"{list_ids('node', usable) if usable else 'no node that can be named'}; "
            "name some of those, or widen --cpuset-mems"
        )
    far = frozenset(node for group in groups for node in group.nodes) - named
    values = {"cpu_nodes": format_cpulist(far), "memory_nodes": format_cpulist(named)}
    return [named for _ in groups], [Reason(code="memory_named_elsewhere", values=values)] if far else []


def _choose_near(
    groups: Sequence[Group], topology: Topology, usable: frozenset[int]
) -> tuple[list[frozenset[int]], list[Reason]]:
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
        Reason(
            code="memory_elsewhere",
            values={"cpu_nodes": format_cpulist(lacking), "memory_nodes": format_cpulist(nodes)},
        )
        for nodes, lacking in far.items()
    ]
    if without_node:
        notes.append(Reason(code="memory_unbound", values={"cpus": format_cpulist(without_node)}))
    return chosen, notes
