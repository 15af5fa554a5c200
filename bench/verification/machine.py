"""Check a machine against itself: its counts, lists and caches describe one host.

It holds for every machine that bench records, whatever the kernel leaves out: `tests/data/machines` has odd ones.
"""

from collections.abc import Iterator

from bench.errors import BundleError
from bench.records.cpulist import format_cpulist, parse_cpumask
from bench.records.machine import Cpu, Topology

_OF_X86 = ("family", "model", "stepping")
_OF_ARM = ("implementer", "part", "variant", "revision")


def check_cpu(cpu: Cpu) -> None:
    """Refuse a CPU that has the numbers of another architecture.

    Raises:
        BundleError: says which.
    """
    for field in _OF_ARM if cpu.architecture == "x86_64" else _OF_X86:
        if getattr(cpu, field) is not None:
            raise BundleError(f"machine.json: the CPU is {cpu.architecture}, which has no {field}")


def check_topology(topology: Topology) -> None:
    """Refuse a topology whose parts contradict each other.

    Raises:
        BundleError: says what contradicts what.
    """
    for problem in _find_problems(topology):
        raise BundleError(f"machine.json: {problem}")


def _find_problems(topology: Topology) -> Iterator[str]:
    try:
        online, allowed = parse_cpumask(topology.online_cpus), parse_cpumask(topology.allowed_cpus)
        nodes = {node.id: parse_cpumask(node.cpus) for node in topology.nodes}
    except ValueError as error:
        yield str(error)
        return
    if allowed & ~online:
        yield f"CPUs {topology.allowed_cpus} may be used, but {topology.online_cpus} are online"
    yield from _find_wrong_counts(topology, online)
    if len(nodes) != len(topology.nodes):
        yield "two NUMA nodes have the same number"
    for number, cpus in nodes.items():
        if cpus & ~online:
            yield f"NUMA node {number} has CPUs that are not online"
    yield from _find_wrong_cores(topology, online, nodes)


def _find_wrong_counts(topology: Topology, online: int) -> Iterator[str]:
    counts = (
        ("cpu_count", topology.cpu_count, online.bit_count()),
        ("core_count", topology.core_count, len(topology.cores)),
        ("package_count", topology.package_count, len({core.package for core in topology.cores})),
        ("smt_active", topology.smt_active, any(len(core.cpus) > 1 for core in topology.cores)),
    )
    for field, stated, counted in counts:
        if stated != counted:
            yield f"{field} is {stated}, its lists give {counted}"


def _find_wrong_cores(topology: Topology, online: int, nodes: dict[int, int]) -> Iterator[str]:
    seen = 0
    for core in topology.cores:
        mask = _mask(core.cpus)
        if not mask or mask & ~online:
            yield f"a core has CPUs {format_cpulist(core.cpus)}, of which not all are online"
        if mask & seen:
            yield f"two cores have one of the CPUs {format_cpulist(core.cpus)}"
        seen |= mask
        if core.node is not None and mask & ~nodes.get(core.node, 0):
            yield f"CPUs {format_cpulist(core.cpus)} are on node {core.node}, whose list does not have them"


def _mask(cpus: tuple[int, ...]) -> int:
    """Return CPUs as a number with one bit each; 0 where one is no CPU's number."""
    if not all(0 <= cpu <= 65_535 for cpu in cpus):
        return 0
    return sum(1 << cpu for cpu in set(cpus))
