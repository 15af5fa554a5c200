"""Topology: online CPUs, cores, packages, last-level caches and nodes.

Package and core numbers are the kernel's and arbitrary: core numbers repeat across packages, and package
numbers may be 36 and 8442. So a core is identified by the list of its CPUs, never by its number.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bench.errors import MachineError
from bench.hardware.caches import read_caches
from bench.hardware.cpuinfo import CpuInfo, parse_number
from bench.hardware.kinds import Kind
from bench.hardware.nodes import map_cpus_to_nodes
from bench.hardware.tree import Tree
from bench.records.cpulist import format_cpulist, parse_cpulist
from bench.records.machine import Core, Node, Topology
from bench.records.record import Record

_PATH: Final = "sys/devices/system/cpu"


class CoreSite(Record, frozen=True, kw_only=True):
    """Where a core is.

    Attributes:
        cpus: Its online CPUs, ascending.
        package: The kernel's number.
    """

    cpus: tuple[int, ...]
    package: int


def read_online_cpus(tree: Tree, cpuinfo: CpuInfo, affinity: frozenset[int] | None) -> frozenset[int]:
    """Read the online CPUs.

    Args:
        tree: The machine.
        cpuinfo: Used where `/sys` has no topology.
        affinity: CPUs that this process may use. They are online, whatever a file says: lxcfs may replace the
            kernel's files by its own.

    Raises:
        MachineError: there is none.
    """
    online = tree.cpulist(f"{_PATH}/online") or _read_online_one_by_one(tree) or frozenset(cpuinfo.cpus)
    beyond = (affinity or frozenset()) - online
    if beyond and online:
        tree.note("online_list_incomplete", online=format_cpulist(online), usable=format_cpulist(beyond))
    online |= beyond
    if not online:
        raise MachineError(f"{_PATH} and proc/cpuinfo name no online CPU; are /sys and /proc mounted?")
    return online


def read_cores(tree: Tree, cpuinfo: CpuInfo, online: frozenset[int]) -> tuple[CoreSite, ...]:
    """Read all cores with online CPUs, by first CPU."""
    sites: list[CoreSite] = []
    placed: set[int] = set()
    bare: list[int] = []
    for cpu in sorted(online):
        if cpu in placed:
            continue
        siblings = _read_siblings(tree, cpu)
        if siblings is None:
            bare.append(cpu)
            continue
        cpus = (siblings & online - placed) | {cpu}
        placed |= cpus
        sites.append(CoreSite(cpus=tuple(sorted(cpus)), package=_read_package(tree, cpu, cpuinfo)))
    if not sites:
        return _read_cores_from_cpuinfo(tree, cpuinfo, online)
    if bare:
        tree.note("cpus_without_topology", cpus=format_cpulist(bare))
    return tuple(sites)


def build_topology(
    tree: Tree,
    *,
    sites: Sequence[CoreSite],
    kinds: Mapping[int, Kind],
    nodes: tuple[Node, ...],
    online: frozenset[int],
    allowed_cpus: frozenset[int],
    allowed_nodes: frozenset[int],
) -> Topology:
    """Assemble the topology from what the readers found.

    Args:
        tree: The machine, for its caches.
        sites: The cores.
        kinds: First CPU of a core → its kind.
        nodes: The NUMA nodes.
        online: All online CPUs.
        allowed_cpus: Online CPUs that the process may use.
        allowed_nodes: Nodes of which it may use the memory.
    """
    node_of = map_cpus_to_nodes(tree, {node.id: parse_cpulist(node.cpus) for node in nodes}, online)
    l3_of = _read_l3(tree, (site.cpus[0] for site in sites), online)
    cores = tuple(
        Core(
            cpus=site.cpus,
            package=site.package,
            node=node_of.get(site.cpus[0]),
            l3=l3_of.get(site.cpus[0]),
            kind=kinds.get(site.cpus[0], "uniform"),
        )
        for site in sites
    )
    return Topology(
        package_count=len({core.package for core in cores}),
        core_count=len(cores),
        cpu_count=len(online),
        online_cpus=format_cpulist(online),
        allowed_cpus=format_cpulist(allowed_cpus),
        allowed_memory_nodes=format_cpulist(allowed_nodes),
        smt_active=any(len(core.cpus) > 1 for core in cores),
        nodes=nodes,
        cores=cores,
        caches=read_caches(tree, online),
    )


def _read_online_one_by_one(tree: Tree) -> frozenset[int]:
    """Read each CPU's own `online` file, where the list is missing. A CPU without one cannot be switched off."""
    cpus = tree.numbered(_PATH, "cpu")
    return frozenset(cpu for cpu in cpus if tree.integer(f"{_PATH}/cpu{cpu}/online") in {None, 1})


def _read_siblings(tree: Tree, cpu: int) -> frozenset[int] | None:
    """Read the CPUs on this CPU's core: by the old or the new file name, as a list or as a mask."""
    base = f"{_PATH}/cpu{cpu}/topology"
    for name in ("core_cpus", "thread_siblings"):
        found = tree.cpulist(f"{base}/{name}_list")
        if found is None:
            found = tree.cpumask(f"{base}/{name}")
        if found is not None:
            return found
    return None


def _read_package(tree: Tree, cpu: int, cpuinfo: CpuInfo) -> int:
    base = f"{_PATH}/cpu{cpu}/topology"
    package = tree.integer(f"{base}/physical_package_id")
    if package is None:
        package = parse_number(cpuinfo.cpus.get(cpu, {}).get("physical id"))
    if package is None:
        peers = tree.cpulist(f"{base}/package_cpus_list") or tree.cpulist(f"{base}/core_siblings_list")
        package = min(peers) if peers else None
    if package is None:
        tree.note("package_assumed")
        return 0
    return package


def _read_cores_from_cpuinfo(tree: Tree, cpuinfo: CpuInfo, online: frozenset[int]) -> tuple[CoreSite, ...]:
    """Read cores where `/sys` shows no topology: by `physical id` and `core id`, else one core for each CPU."""
    groups: dict[tuple[int, int], list[int]] = {}
    for cpu in sorted(online):
        fields = cpuinfo.cpus.get(cpu, {})
        package, core = parse_number(fields.get("physical id")), parse_number(fields.get("core id"))
        if package is None or core is None:
            tree.note("topology_assumed")
            return tuple(CoreSite(cpus=(cpu,), package=0) for cpu in sorted(online))
        groups.setdefault((package, core), []).append(cpu)
    tree.note("topology_from_cpuinfo")
    sites = (CoreSite(cpus=tuple(cpus), package=package) for (package, _), cpus in groups.items())
    return tuple(sorted(sites, key=lambda site: site.cpus))


def _read_l3(tree: Tree, cpus: Iterable[int], online: frozenset[int]) -> Mapping[int, int]:
    """CPU → lowest online CPU on the same L3; CPUs without one, or whose caches are not shown, are left out.

    Caches of other levels never stand in for it: guests and some Arm servers show private L2 only, and a
    group of one core is not what L3 groups are asked for.
    """
    found: dict[int, int] = {}
    for cpu in cpus:
        if cpu in found:
            continue
        base = f"{_PATH}/cpu{cpu}/cache"
        for index in reversed(tree.numbered(base, "index")):
            if tree.integer(f"{base}/index{index}/level") != 3:
                continue
            shared = tree.cpulist(f"{base}/index{index}/shared_cpu_list")
            if shared is None:
                shared = tree.cpumask(f"{base}/index{index}/shared_cpu_map")
            if shared is not None:
                group = shared & online | {cpu}
                found.update((member, min(group)) for member in group if member not in found)
            break
    return found
