"""What `detect` makes of the machine that boot.sh describes and init takes a CPU from."""

from bench.hardware.detect import detect
from bench.profiles.load import load_profiles
from bench.profiles.match import choose_profile
from bench.records.reason import Reason
from tests.numa.ledger import Ledger

MIB = 1 << 20
NODE_MEMORY_BYTES = {0: 640 * MIB, 1: 384 * MIB}
RESERVED_BYTES = 96 * MIB
"""Firmware, page tables and the kernel itself take their share before a node counts what it has."""


def check_topology(ledger: Ledger) -> None:
    """Two packages, two nodes, SMT, and a CPU that is not there."""
    topology = detect().topology
    ledger.equal("detect: packages, cores, CPUs", _counts(), (2, 4, 7))
    ledger.equal("detect: online CPUs, without the offline CPU 2", topology.online_cpus, "0-1,3-7")
    ledger.equal("detect: allowed CPUs", topology.allowed_cpus, "0-1,3-7")
    ledger.equal("detect: memory nodes", topology.allowed_memory_nodes, "0-1")
    ledger.true("detect: SMT", topology.smt_active)
    ledger.equal(
        "detect: CPUs, package, node and L3 group of each core",
        [(core.cpus, core.package, core.node, core.l3) for core in topology.cores],
        [((0, 1), 0, 0, 0), ((3,), 0, 0, 0), ((4, 5), 1, 1, 4), ((6, 7), 1, 1, 4)],
    )
    nodes = {node.id: node for node in topology.nodes}
    ledger.equal(
        "detect: CPUs of each node", {number: node.cpus for number, node in nodes.items()}, {0: "0-1,3", 1: "4-7"}
    )
    for number, size in NODE_MEMORY_BYTES.items():
        memory = nodes[number].memory_bytes or 0
        ledger.within(f"detect: bytes of memory on node {number}", memory, size - RESERVED_BYTES, size)


def check_machine(ledger: Ledger) -> None:
    """What moves numbers beside the topology."""
    machine = detect()
    nodes = sum(node.memory_bytes or 0 for node in machine.topology.nodes)
    ledger.equal("detect: the nodes' memory is the machine's", machine.limits.total_memory_bytes, nodes)
    ledger.equal("detect: control groups", machine.limits.cgroup_version, 2)
    ledger.equal("detect: no quota", machine.limits.cpu_quota, None)
    ledger.equal("detect: SMT control", machine.settings.smt_control, "on")
    ledger.equal("detect: hypervisor", machine.settings.hypervisor, "qemu")
    ledger.true("detect: automatic NUMA balancing", machine.settings.numa_balancing)
    ledger.true("detect: the CPU is emulated", machine.cpu.emulated)
    ledger.equal(
        "detect: nothing else is missing",
        machine.missing,
        (Reason(code="software_cpu", values={"model": "QEMU TCG CPU version 2.5+"}),),
    )


def check_profile(ledger: Ledger) -> None:
    """An emulated CPU gets a generic profile, chosen from all."""
    ledger.equal("profile: the most specific that fits", choose_profile(load_profiles(), detect()).name, PROFILE)


PROFILE = "generic-x86-64-v3"
"""QEMU emulates AVX2, and no AVX-512."""


def _counts() -> tuple[int, int, int]:
    topology = detect().topology
    return topology.package_count, topology.core_count, topology.cpu_count
