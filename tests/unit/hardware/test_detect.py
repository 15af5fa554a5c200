import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.errors import MachineError
from bench.hardware.detect import detect
from bench.hardware.process import Process
from bench.records.cpulist import parse_cpulist
from bench.records.machine import Machine
from bench.records.reason import Reason
from bench.records.record import decode_json, encode_json
from tests.builders import make_reason


class Expected(NamedTuple):
    """What lstopo, lscpu or the archive's source say of a machine."""

    packages: int
    cores: int
    online: str
    threads: int
    nodes: dict[int, str]
    l3_groups: int
    microarchitecture: str
    isa: str


def every(step: int, first: int, stop: int) -> str:
    return ",".join(str(cpu) for cpu in range(first, stop, step))


MACHINES = {
    "cadvisor-graviton2": Expected(1, 2, "1-3", 1, {}, 0, "unknown", ""),
    "cadvisor-16-packages": Expected(16, 16, "0-31", 2, {}, 0, "cascadelake", "avx512f avx512_vnni"),
    "ghw-offline-cpus": Expected(2, 2, "0-1", 1, {0: "0-1"}, 2, "skylake_avx512", "avx512f avx512vl"),
    "hwloc-i7-1370p": Expected(1, 14, "0-19", 2, {0: "0-19"}, 1, "raptorlake", "avx2 avx_vnni"),
    "hwloc-kunpeng-920": Expected(
        2, 128, "0-127", 1, {0: "0-31", 1: "32-63", 2: "64-95", 3: "96-127"}, 4, "tsv110", "asimddp fphp atomics"
    ),
    "hwloc-memory-only-nodes": Expected(
        2,
        8,
        "0-7",
        1,
        {0: "0-1", 1: "2-3", 2: "4-5", 3: "6-7", **dict.fromkeys(range(4, 11), "")},
        0,
        "cascadelake",
        "avx512_vnni",
    ),
    "hwloc-offline-node": Expected(2, 17, "4-20", 1, {1: every(2, 5, 21)}, 2, "haswell", "avx2 fma"),
    "hwloc-opteron-cpusets": Expected(
        8,
        15,
        "0-3,5-15",
        1,
        {0: "0-1", 1: "2-3", 2: "5", 3: "6-7", 4: "8-9", 5: "10-11", 6: "12-13", 7: "14-15"},
        0,
        "k8",
        "sse2",
    ),
    "hwloc-sparse-nodes": Expected(
        4,
        48,
        "0-47",
        1,
        {0: "0-5", 1: "6-11", 2: "12-17", 33: "18-23", 34: "24-29", 45: "30-35", 72: "36-41", 73: "42-47"},
        8,
        "k10",
        "sse4a",
    ),
    "hwloc-xeon-6230-mod4": Expected(
        2, 40, "0-79", 2, {node: every(4, node, 80) for node in range(4)}, 2, "cascadelake", "avx512_vnni"
    ),
    "nri-cpuless-nodes": Expected(
        2, 56, "0-111", 2, {**{node: every(4, node, 112) for node in range(4)}, 4: "", 5: ""}, 2, "unknown", ""
    ),
    "nto-icelake-guest": Expected(1, 12, "0-11", 1, {0: "0-11"}, 1, "icelake", "avx512_vnni"),
    "nto-xeon-6330": Expected(
        2, 56, "0-111", 2, {0: every(2, 0, 112), 1: every(2, 1, 112)}, 2, "icelake", "avx512_vbmi2"
    ),
    "qemu-max-smt-offline": Expected(1, 3, "0-5", 2, {0: "0-3", 1: "4-5", 2: ""}, 0, "armv9.0a", "sve2 i8mm"),
    "qemu-neoverse-n1": Expected(2, 8, "0-7", 1, {0: "0-3", 1: "4-7"}, 0, "neoverse_n1", "asimddp fphp"),
}


@pytest.mark.parametrize(("name", "expected"), MACHINES.items(), ids=MACHINES)
def test_is_right_on_recorded_machines(recorded: Callable[[str], Path], name: str, expected: Expected) -> None:
    machine = detect(recorded(name))
    topology = machine.topology
    l3 = {core.l3 for core in topology.cores if core.l3 is not None}
    assert Expected(
        topology.package_count,
        topology.core_count,
        topology.online_cpus,
        max(len(core.cpus) for core in topology.cores),
        {node.id: ",".join(map(str, sorted(parse_cpulist(node.cpus)))) for node in topology.nodes},
        len(l3),
        machine.cpu.microarchitecture,
        expected.isa,
    ) == expected._replace(
        nodes={node: ",".join(map(str, sorted(parse_cpulist(cpus)))) for node, cpus in expected.nodes.items()}
    )
    assert set(expected.isa.split()) <= set(machine.cpu.isa)
    assert topology.smt_active == (expected.threads > 1)
    assert topology.cpu_count == len(parse_cpulist(topology.online_cpus))


@pytest.mark.parametrize("name", MACHINES)
def test_recorded_machines_are_valid_records(recorded: Callable[[str], Path], name: str) -> None:
    machine = detect(recorded(name))
    assert decode_json(encode_json(machine), Machine, source=name) == machine


@pytest.mark.parametrize("name", MACHINES)
def test_cores_part_the_online_cpus(recorded: Callable[[str], Path], name: str) -> None:
    topology = detect(recorded(name)).topology
    cpus = [cpu for core in topology.cores for cpu in core.cpus]
    assert len(cpus) == len(set(cpus))
    assert set(cpus) <= parse_cpulist(topology.online_cpus)
    assert [core.cpus for core in topology.cores] == sorted(core.cpus for core in topology.cores)
    for core in topology.cores:
        on_node = next((parse_cpulist(node.cpus) for node in topology.nodes if node.id == core.node), set(core.cpus))
        assert set(core.cpus) <= on_node


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("cadvisor-graviton2", make_reason("cpus_without_topology", cpus="2")),
        ("nri-cpuless-nodes", make_reason("cpuinfo_missing")),
        ("hwloc-offline-node", make_reason("cpus_on_no_node", cpus="4,6,8,10,12,14,16,18,20")),
        ("qemu-max-smt-offline", make_reason("software_cpu", model="QEMU max (implementer 0x00, part 0x51)")),
    ],
)
def test_names_what_is_missing(recorded: Callable[[str], Path], name: str, note: Reason) -> None:
    assert note in detect(recorded(name)).missing


def test_nothing_is_missing_from_a_complete_tree(recorded: Callable[[str], Path]) -> None:
    assert detect(recorded("nto-xeon-6330")).missing == ()


def test_a_cpuset_may_allow_cpus_and_memory_of_different_nodes(recorded: Callable[[str], Path]) -> None:
    topology = detect(recorded("hwloc-opteron-cpusets")).topology
    assert topology.allowed_cpus == "0-3,5-6,12-15"
    assert topology.allowed_memory_nodes == "1-4"


def test_memory_of_nodes_is_theirs(recorded: Callable[[str], Path]) -> None:
    topology = detect(recorded("hwloc-memory-only-nodes")).topology
    mebibytes = {node.id: node.memory_bytes and node.memory_bytes >> 20 for node in topology.nodes}
    assert mebibytes == {0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: 95163, 6: 96767, 7: 759808, 8: 95255, 9: 96729, 10: 761856}
    assert topology.allowed_memory_nodes == "5-10"


def test_cores_of_a_hybrid_part_are_distinguished(recorded: Callable[[str], Path]) -> None:
    cores = detect(recorded("hwloc-i7-1370p")).topology.cores
    assert {cpu for core in cores if core.kind == "performance" for cpu in core.cpus} == set(range(12))
    assert {cpu for core in cores if core.kind == "efficiency" for cpu in core.cpus} == set(range(12, 20))


def test_package_numbers_are_the_kernels(recorded: Callable[[str], Path]) -> None:
    assert {core.package for core in detect(recorded("hwloc-kunpeng-920")).topology.cores} == {36, 8442}


def test_settings_and_firmware_come_from_the_tree(recorded: Callable[[str], Path]) -> None:
    machine = detect(recorded("hwloc-i7-1370p"))
    assert machine.settings.kernel == "6.1.0-13-amd64"
    assert machine.settings.governor == "powersave"
    assert machine.settings.max_frequency_hz == 5_200_000_000
    assert machine.settings.smt_control == "on"
    assert machine.firmware.system_vendor == "HP"
    assert machine.limits.cgroup_version == 2
    assert machine.limits.total_memory_bytes == 33_269_243_904


def test_agrees_with_the_kernel_on_this_host() -> None:
    machine = detect()
    assert parse_cpulist(machine.topology.allowed_cpus) == os.sched_getaffinity(0)
    assert machine.cpu.architecture == os.uname().machine
    assert machine.settings.kernel == os.uname().release
    assert machine.host_name == os.uname().nodename
    assert machine.topology.cpu_count == os.sysconf("SC_NPROCESSORS_ONLN")
    assert machine.limits.total_memory_bytes is not None
    assert abs(machine.limits.total_memory_bytes - os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")) < 1 << 20
    assert decode_json(encode_json(machine), Machine, source="host") == machine


def test_affinity_is_asked_of_the_kernel_each_time() -> None:
    before = os.sched_getaffinity(0)
    one = min(before)
    try:
        os.sched_setaffinity(0, {one})
        machine = detect()
    finally:
        os.sched_setaffinity(0, before)
    assert machine.topology.allowed_cpus == str(one)
    assert set(before) <= parse_cpulist(machine.topology.online_cpus)


def test_arm_user_space_on_an_x86_kernel_is_emulated(recorded: Callable[[str], Path]) -> None:
    process = Process(architecture="aarch64", affinity=frozenset({0, 1}), hwcap=0x119FFB, hwcap2=0, host_name="box")
    machine = detect(recorded("nto-icelake-guest"), process=process)
    assert machine.cpu.architecture == "aarch64"
    assert machine.cpu.emulated
    assert machine.cpu.microarchitecture == "unknown"
    assert machine.cpu.confidence == "unknown"
    assert {"asimddp", "fphp", "atomics"} <= set(machine.cpu.isa)
    assert not {"avx2", "bf16", "sve"} & set(machine.cpu.isa)
    assert machine.topology.allowed_cpus == "0-1"
    assert machine.missing[0] == make_reason(
        "foreign_kernel", user_space="aarch64", kernel="x86_64", path="proc/cpuinfo"
    )


def test_a_process_of_the_trees_own_kind_is_not_emulated(recorded: Callable[[str], Path]) -> None:
    machine = detect(recorded("hwloc-kunpeng-920"), process=Process(architecture="aarch64"))
    assert not machine.cpu.emulated
    assert machine.cpu.implementer == 0x48
    assert machine.cpu.part == 0xD01


def test_refuses_a_root_that_is_no_directory(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="not a directory"):
        detect(tmp_path / "nowhere")


def test_refuses_a_tree_without_any_cpu(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="name no online CPU"):
        detect(tmp_path)


def test_refuses_an_architecture_that_it_does_not_measure(recorded: Callable[[str], Path]) -> None:
    with pytest.raises(MachineError, match="the architecture is riscv64"):
        detect(recorded("ghw-offline-cpus"), process=Process(architecture="riscv64"))


def test_a_cpuinfo_alone_is_a_partial_machine(compose: Callable[[Mapping[str, str]], Path]) -> None:
    block = (
        "processor : {}\nvendor_id : GenuineIntel\ncpu family : 6\nmodel : 173\nflags : sse2 avx512_bf16 amx_tile\n\n"
    )
    machine = detect(compose({"proc/cpuinfo": "".join(block.format(cpu) for cpu in range(4))}))
    assert machine.cpu.microarchitecture == "graniterapids"
    assert machine.topology.core_count == 4
    assert machine.topology.nodes == ()
    assert {"topology_assumed", "total_memory_unknown"} <= {note.code for note in machine.missing}


PATHS = [
    "proc/cpuinfo",
    "proc/meminfo",
    "proc/self/cgroup",
    "proc/self/mountinfo",
    "proc/self/status",
    "proc/version",
    "sys/fs/cgroup/cpu.max",
    "sys/fs/cgroup/memory.max",
    "sys/class/dmi/id/sys_vendor",
    "sys/devices/system/cpu/online",
    "sys/devices/system/cpu/isolated",
    "sys/devices/system/cpu/cpu0/online",
    "sys/devices/system/cpu/cpu0/cpu_capacity",
    "sys/devices/system/cpu/cpu0/regs/identification/midr_el1",
    "sys/devices/system/cpu/cpu0/topology/core_cpus_list",
    "sys/devices/system/cpu/cpu0/topology/physical_package_id",
    "sys/devices/system/cpu/cpu1/topology/thread_siblings",
    "sys/devices/system/cpu/cpu0/cache/index3/level",
    "sys/devices/system/cpu/cpu0/cache/index3/shared_cpu_list",
    "sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq",
    "sys/devices/system/cpu/cpufreq/policy0/affected_cpus",
    "sys/devices/system/node/node0/cpulist",
    "sys/devices/system/node/node0/meminfo",
    "sys/devices/system/node/node1/cpumap",
]
TEXTS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"0-3\n",
            b"0\n",
            b"1",
            b"-1",
            b"99999999999999999999",
            b"0-65535",
            b"ff,ffffffff",
            b"(null)\n",
            b"3",
            b"processor : 0\nvendor_id : AuthenticAMD\ncpu family : 26\nmodel : 2\nflags : sse2\n\nprocessor : 70000\n",
            b"processor : 0\nCPU implementer : 0x41\nCPU part : 0xd4f\nFeatures : asimd sve2\n",
            b"MemTotal: 1 kB",
            b"Node 0 MemTotal: 999999999999999 kB",
            b"0::/../x\n3:cpu:/a\n",
            b"1 2 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            b"100000 0",
            b"1 1",
            b"Cpus_allowed_list:\t2-1\nMems_allowed_list:\t0\n",
            b"0xffffffffffffffff",
        ]
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.dictionaries(st.sampled_from(PATHS), TEXTS, min_size=1))
def test_broken_files_give_a_valid_machine_or_say_there_is_none(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    root = tmp_path_factory.mktemp("broken")
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    try:
        machine = detect(root, process=Process(architecture="x86_64"))
    except MachineError:
        return
    assert machine.topology.cpu_count > 0
    assert msgspec.json.decode(msgspec.json.encode(machine), type=Machine) == machine
