"""Detection: read the machine below a root, and say what could not be read."""

from pathlib import Path
from typing import Final

from bench.hardware.cgroup import Cgroups
from bench.hardware.cpu import choose_architecture, read_cpu
from bench.hardware.cpuinfo import read_cpuinfo
from bench.hardware.firmware import read_firmware
from bench.hardware.frequency import read_frequencies
from bench.hardware.kinds import find_lead, read_kinds
from bench.hardware.limits import read_allowed_cpus, read_allowed_nodes, read_limits
from bench.hardware.nodes import read_nodes
from bench.hardware.process import Process, read_process
from bench.hardware.settings import read_settings
from bench.hardware.topology import build_topology, read_cores, read_online_cpus
from bench.hardware.tree import Tree
from bench.hardware.virtualization import find_hypervisor
from bench.records.machine import Machine

HOST: Final = Path("/")


def detect(root: Path | Tree = HOST, *, process: Process | None = None) -> Machine:
    """Read a machine.

    Args:
        root: This host's root, or that of a recorded tree of `/proc` and `/sys`; or either, opened already.
        process: Facts of the process itself. None asks the kernel if `root` is this host's own, and
            takes what the tree shows if it is not.

    Returns:
        The machine; what is missing or contradicts itself is named in `Machine.missing`.

    Raises:
        MachineError: there is no such directory, it names no online CPU, or the user space is neither
            x86_64 nor aarch64.
    """
    tree = root if isinstance(root, Tree) else Tree(root)
    cpuinfo = read_cpuinfo(tree)
    if process is None:
        process = read_process(tree, cpuinfo)
    architecture = choose_architecture(tree, process)

    online = read_online_cpus(tree, cpuinfo, process.affinity)
    sites = read_cores(tree, cpuinfo, online)
    frequencies = read_frequencies(tree, online)
    kinds = read_kinds(tree, tuple(site.cpus for site in sites), cpuinfo, frequencies.max_khz)
    cpu = read_cpu(tree, cpuinfo, process, architecture, lead=find_lead(kinds))

    cgroups = Cgroups(tree)
    nodes = read_nodes(tree, online)
    topology = build_topology(
        tree,
        sites=sites,
        kinds=kinds,
        nodes=nodes,
        online=online,
        allowed_cpus=read_allowed_cpus(tree, process, cgroups, online),
        allowed_nodes=read_allowed_nodes(tree, cgroups, nodes),
    )
    firmware = read_firmware(tree)
    hypervisor = find_hypervisor(tree, firmware, cpuinfo.isa or frozenset())
    limits = read_limits(tree, cgroups, nodes)
    settings = read_settings(tree, cpuinfo, frequencies, hypervisor)
    return Machine(
        cpu=cpu,
        topology=topology,
        limits=limits,
        settings=settings,
        firmware=firmware,
        host_name=process.host_name,
        missing=tree.missing,
    )
