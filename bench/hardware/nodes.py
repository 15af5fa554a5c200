"""NUMA nodes, with the CPUs and the memory of each."""

import re
from collections.abc import Mapping
from typing import Final

from bench.hardware.tree import Tree
from bench.records.cpulist import format_cpulist
from bench.records.machine import Node

_PATH: Final = "sys/devices/system/node"
_TOTAL: Final = re.compile(r"\bMemTotal:\s+([0-9]{1,15}) kB", re.ASCII)


def parse_total_memory(text: str) -> int | None:
    """Parse the bytes after `MemTotal:` in `/proc/meminfo` or a node's `meminfo`; None without that line."""
    match = _TOTAL.search(text)
    return int(match[1]) * 1024 if match is not None else None


def read_nodes(tree: Tree, online: frozenset[int]) -> tuple[Node, ...]:
    """Read all nodes that the kernel shows, by id: ids may be sparse, and a node may lack CPUs or memory.

    `has_cpu` and `has_memory` are not read: some kernels leave them empty. A kernel without NUMA shows no node.
    """
    nodes: list[Node] = []
    for number in tree.numbered(_PATH, "node"):
        cpus = _read_node_cpus(tree, number)
        if cpus is None:
            tree.note("node_cpus_unknown", node=str(number))
            cpus = frozenset()
        text = tree.text(f"{_PATH}/node{number}/meminfo")
        memory = parse_total_memory(text) if text is not None else None
        if memory is None:
            tree.note("node_memory_unknown", node=str(number))
        nodes.append(Node(id=number, cpus=format_cpulist(cpus & online), memory_bytes=memory))
    return tuple(nodes)


def map_cpus_to_nodes(tree: Tree, nodes: Mapping[int, frozenset[int]], online: frozenset[int]) -> Mapping[int, int]:
    """Map each CPU to its node; CPUs that the kernel puts on no node are left out.

    Args:
        tree: The machine.
        nodes: Node id → its online CPUs.
        online: All online CPUs.
    """
    found: dict[int, int] = {}
    for number in sorted(nodes):
        twice = sorted(cpu for cpu in nodes[number] if cpu in found)
        if twice:
            tree.note("cpus_on_two_nodes", cpus=format_cpulist(twice), node=str(number))
        found.update((cpu, number) for cpu in nodes[number] if cpu not in found)
    without_node = online - found.keys()
    if nodes and without_node:
        tree.note("cpus_on_no_node", cpus=format_cpulist(without_node))
    return found


def _read_node_cpus(tree: Tree, number: int) -> frozenset[int] | None:
    base = f"{_PATH}/node{number}"
    cpus = tree.cpulist(f"{base}/cpulist")
    if cpus is None:
        cpus = tree.cpumask(f"{base}/cpumap")
    if cpus is None and (linked := tree.numbered(base, "cpu")):
        cpus = frozenset(linked)
    return cpus
