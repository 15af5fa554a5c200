"""The machine: facts read from the host, before any decision rests on them."""

from typing import Annotated, Literal

from msgspec import Meta

from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.text import Line

Architecture = Literal["x86_64", "aarch64"]
Count = Annotated[int, Meta(ge=0)]
CpuList = Annotated[str, Meta(pattern=r"^[0-9,-]*\Z", max_length=65536)]


class Cpu(Record, frozen=True, kw_only=True):
    """What kind of CPU this is.

    Attributes:
        architecture: Of the user space that asks: an arm64 container on an x86 kernel is `aarch64`.
        vendor: `GenuineIntel`, `AuthenticAMD`, `ARM`, `Ampere`, ...; `unknown` if nothing shows it.
        model_name: As the kernel or the firmware names it; empty if neither does.
        microarchitecture: Our name of it (`sapphirerapids`, `zen4`, `neoverse_v1`); `unknown` if nothing fits.
        confidence: `identified` by family and model or implementer and part; `features` if inferred from CPU
            flags (a guest that hides its model); `unknown`.
        second_opinion: archspec's name for the same facts; None if it was not asked.
        isa: Feature flags, sorted: the intersection over all CPUs, by the kernel's names.
        emulated: The instructions are not executed by such a CPU (arm64 user mode on an x86 kernel).
        family, model, stepping: x86 only.
        implementer, part, variant, revision: Arm's MIDR, Arm only.
    """

    architecture: Architecture
    vendor: Line
    model_name: Line
    microarchitecture: Line
    confidence: Literal["identified", "features", "unknown"]
    second_opinion: Line | None = None
    isa: tuple[Line, ...]
    emulated: bool
    family: int | None = None
    model: int | None = None
    stepping: int | None = None
    implementer: int | None = None
    part: int | None = None
    variant: int | None = None
    revision: int | None = None


class Core(Record, frozen=True, kw_only=True):
    """A physical core and the online logical CPUs on it.

    Attributes:
        cpus: Online logical CPUs of the core in ascending order; the first is used first.
        package: Physical package id as the kernel gives it: arbitrary, may be sparse.
        node: NUMA node id; None if the kernel puts it on none.
        l3: Lowest logical CPU that shares this core's last-level cache: names the L3 group; None if unknown.
        kind: `performance` or `efficiency` on hybrid parts, else `uniform`.
    """

    cpus: tuple[int, ...]
    package: int
    node: int | None
    l3: int | None
    kind: Literal["uniform", "performance", "efficiency"]


class Node(Record, frozen=True, kw_only=True):
    """A NUMA node.

    Attributes:
        id: The kernel's number: may be sparse.
        cpus: Online logical CPUs on it, list format; empty for a memory-only node.
        memory_bytes: Memory on it; 0 for a node without; None if it cannot be read.
    """

    id: int
    cpus: CpuList
    memory_bytes: Count | None


class Cache(Record, frozen=True, kw_only=True):
    """All caches for data of one level and one size.

    Attributes:
        level: 1 is the nearest to the core.
        size_bytes: Of each of them.
        shared_by: The online logical CPUs that share each of them, list format.
    """

    level: Annotated[int, Meta(ge=1, le=9)]
    size_bytes: Annotated[int, Meta(ge=1, le=1 << 40)]
    shared_by: Annotated[tuple[CpuList, ...], Meta(min_length=1)]


class Topology(Record, frozen=True, kw_only=True):
    """How the logical CPUs are laid out.

    Attributes:
        package_count, core_count: Of online CPUs.
        cpu_count: Online logical CPUs.
        online_cpus: Online logical CPUs, list format.
        allowed_cpus: Those of them that this process may use (affinity and cpuset), list format.
        allowed_memory_nodes: NUMA nodes whose memory this process may use, list format.
        smt_active: More than one online logical CPU on some core.
        nodes: All NUMA nodes, by id.
        cores: All cores with online CPUs, by first CPU.
        caches: By level and size; None where the kernel shows none, or an earlier bench recorded none.
    """

    package_count: Count
    core_count: Count
    cpu_count: Count
    online_cpus: CpuList
    allowed_cpus: CpuList
    allowed_memory_nodes: CpuList
    smt_active: bool
    nodes: tuple[Node, ...]
    cores: tuple[Core, ...]
    caches: tuple[Cache, ...] | None = None


class Limits(Record, frozen=True, kw_only=True):
    """What the surroundings allow this process.

    Attributes:
        cgroup_version: 1, 2, or 0 where no cgroup file system is seen. A mixed host counts as 1
            if its cpu controller is there.
        cpu_quota: CPUs' worth of time per period; None if there is no quota.
        memory_bytes: Tightest memory limit of the process's cgroups; None if there is none.
        total_memory_bytes: Memory of the machine.
        container: `docker`, `podman`, `kubernetes`, ... as far as it shows; None if nothing shows one.
    """

    cgroup_version: Literal[0, 1, 2]
    cpu_quota: Annotated[float, Meta(gt=0)] | None
    memory_bytes: Count | None
    total_memory_bytes: Count | None
    container: Line | None


class Settings(Record, frozen=True, kw_only=True):
    """Settings of the host that affect the numbers. None means that the kernel does not show it here.

    Attributes:
        kernel: Release.
        microcode: As the kernel prints it.
        hypervisor: Its name if virtualised (`kvm`, `amazon`, `unknown`); None if nothing shows one.
        governor: cpufreq governor; if CPUs differ, all of them joined by `,`.
        frequency_driver: cpufreq driver.
        boost: Turbo or boost allowed.
        max_frequency_hz: Highest frequency over all CPUs.
        smt_control: `on`, `off`, `forceoff`, `notsupported`, `notimplemented`.
        transparent_hugepages: `always`, `madvise`, `never`.
        numa_balancing: Automatic NUMA balancing is on.
        isolated_cpus, nohz_full_cpus: List format.
        aslr: `kernel.randomize_va_space`.
    """

    kernel: Line | None
    microcode: Line | None
    hypervisor: Line | None
    governor: Line | None
    frequency_driver: Line | None
    boost: bool | None
    max_frequency_hz: Count | None
    smt_control: Line | None
    transparent_hugepages: Line | None
    numa_balancing: bool | None
    isolated_cpus: CpuList | None
    nohz_full_cpus: CpuList | None
    aslr: int | None


class Firmware(Record, frozen=True, kw_only=True):
    """What DMI says. No serial number or asset tag is ever read."""

    system_vendor: Line | None
    product_name: Line | None
    board_vendor: Line | None
    bios_version: Line | None


class Machine(Record, frozen=True, kw_only=True):
    """All facts of the host that a run rests on.

    Attributes:
        host_name: Of the host or container; empty if left out.
        missing: What could not be read or contradicts itself.
    """

    cpu: Cpu
    topology: Topology
    limits: Limits
    settings: Settings
    firmware: Firmware
    host_name: Line
    missing: tuple[Reason, ...]
