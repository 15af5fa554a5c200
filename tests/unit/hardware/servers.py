"""Composed servers: the files that kernels of today show for layouts of which no recording is at hand."""

from collections.abc import Iterator
from typing import NamedTuple

from bench.records.cpulist import format_cpulist

CPU = "sys/devices/system/cpu"
NODE = "sys/devices/system/node"


class Server(NamedTuple):
    """A regular server; hyper-threads are numbered after all cores, or beside each other.

    Attributes:
        microarchitecture: What it is.
        cpuinfo: Lines of each CPU's block in `/proc/cpuinfo`.
        memory_nodes: Nodes with memory and no CPUs, after the others.
    """

    microarchitecture: str
    cpuinfo: str
    packages: int
    nodes_per_package: int
    l3_per_node: int
    cores_per_l3: int
    threads: int = 1
    adjacent: bool = False
    memory_nodes: int = 0
    vendor: str = ""
    product: str = ""

    @property
    def core_count(self) -> int:
        return self.packages * self.nodes_per_package * self.l3_per_node * self.cores_per_l3

    def cpus_of(self, core: int) -> list[int]:
        if self.adjacent:
            return [core * self.threads + thread for thread in range(self.threads)]
        return [core + self.core_count * thread for thread in range(self.threads)]

    def group(self, core: int, size: int) -> str:
        first = core // size * size
        return format_cpulist(cpu for member in range(first, first + size) for cpu in self.cpus_of(member)) + "\n"

    def files(self) -> dict[str, str]:
        return dict(self._files())

    def _files(self) -> Iterator[tuple[str, str]]:
        per_node = self.l3_per_node * self.cores_per_l3
        count = self.core_count * self.threads
        yield f"{CPU}/online", f"0-{count - 1}\n"
        for core in range(self.core_count):
            for cpu in self.cpus_of(core):
                yield f"{CPU}/cpu{cpu}/topology/core_cpus_list", self.group(core, 1)
                yield f"{CPU}/cpu{cpu}/topology/physical_package_id", f"{core // (per_node * self.nodes_per_package)}\n"
                yield f"{CPU}/cpu{cpu}/cache/index2/level", "2\n"
                yield f"{CPU}/cpu{cpu}/cache/index2/shared_cpu_list", self.group(core, 1)
                yield f"{CPU}/cpu{cpu}/cache/index3/level", "3\n"
                yield f"{CPU}/cpu{cpu}/cache/index3/shared_cpu_list", self.group(core, self.cores_per_l3)
        nodes = self.packages * self.nodes_per_package
        for node in range(nodes + self.memory_nodes):
            yield f"{NODE}/node{node}/cpulist", self.group(node * per_node, per_node) if node < nodes else "\n"
            yield f"{NODE}/node{node}/meminfo", f"Node {node} MemTotal:       131072 kB\n"
        yield "proc/meminfo", f"MemTotal: {131072 * (nodes + self.memory_nodes)} kB\n"
        yield "proc/cpuinfo", "".join(f"processor : {cpu}\n{self.cpuinfo}\n" for cpu in range(count))
        if self.vendor:
            yield "sys/class/dmi/id/sys_vendor", f"{self.vendor}\n"
            yield "sys/class/dmi/id/product_name", f"{self.product}\n"


def x86(vendor: str, family: int, model: int, flags: str, *, stepping: int = 1) -> str:
    ids = f"cpu family : {family}\nmodel : {model}\nstepping : {stepping}\n"
    return f"vendor_id : {vendor}\n{ids}flags : sse2 {flags}\n"


def arm(implementer: int, part: int, flags: str) -> str:
    return f"Features : asimd {flags}\nCPU implementer : {implementer:#x}\nCPU variant : 0x0\nCPU part : {part:#x}\n"


AVX2 = "abm avx avx2 bmi1 bmi2 cx16 f16c fma lahf_lm movbe pni popcnt sse4_1 sse4_2 ssse3 xsave"
SKYLAKE = f"{AVX2} avx512f avx512bw avx512cd avx512dq avx512vl"
ICE_LAKE = f"{SKYLAKE} avx512_vnni avx512_vbmi2"
AVX512 = f"{ICE_LAKE} avx512_bf16"
AMX = f"{AVX512} avx512_fp16 amx_tile amx_bf16 amx_int8"
SVE2 = "sve sve2 bf16 i8mm"

# Layouts are the real ones, with fewer cores in each group, so that the tests stay quick.
SERVERS = {
    "Skylake": Server("skylake_avx512", x86("GenuineIntel", 6, 0x55, SKYLAKE), 2, 1, 1, 7, threads=2),
    "Cascade Lake": Server(
        "cascadelake", x86("GenuineIntel", 6, 0x55, f"{SKYLAKE} avx512_vnni", stepping=7), 2, 1, 1, 6, threads=2
    ),
    "Ice Lake in SNC2": Server("icelake", x86("GenuineIntel", 6, 0x6A, ICE_LAKE), 2, 2, 1, 5, threads=2),
    "Sapphire Rapids in SNC4": Server("sapphirerapids", x86("GenuineIntel", 6, 0x8F, AMX), 2, 4, 1, 3, threads=2),
    "Granite Rapids in SNC3": Server("graniterapids", x86("GenuineIntel", 6, 0xAD, AMX), 2, 3, 1, 5, threads=2),
    "Emerald Rapids in SNC2": Server("emeraldrapids", x86("GenuineIntel", 6, 0xCF, AMX), 2, 2, 1, 4, threads=2),
    "Sierra Forest": Server("sierraforest", x86("GenuineIntel", 6, 0xAF, f"{AVX2} avx_vnni"), 2, 1, 1, 12),
    "Rome in NPS4": Server("zen2", x86("AuthenticAMD", 23, 0x31, AVX2), 2, 4, 4, 1, threads=2),
    "Milan in NPS1": Server("zen3", x86("AuthenticAMD", 25, 0x01, f"{AVX2} vaes vpclmulqdq"), 2, 1, 4, 4, threads=2),
    "Genoa in NPS4": Server("zen4", x86("AuthenticAMD", 25, 0x11, AVX512), 2, 4, 3, 2, threads=2),
    "Bergamo in NPS1": Server("zen4c", x86("AuthenticAMD", 25, 0xA0, AVX512), 1, 1, 16, 2, threads=2),
    "Turin Dense": Server("zen5c", x86("AuthenticAMD", 26, 0x11, AVX512), 2, 1, 12, 2, threads=2),
    "a Genoa guest": Server(
        "zen4",
        x86("AuthenticAMD", 25, 0x11, f"{AVX512} hypervisor"),
        1,
        1,
        2,
        8,
        threads=2,
        adjacent=True,
        vendor="Microsoft Corporation",
        product="Virtual Machine",
    ),
    "Graviton2": Server(
        "neoverse_n1",
        arm(0x41, 0xD0C, "asimddp fphp asimdhp atomics"),
        1,
        1,
        1,
        16,
        vendor="Amazon EC2",
        product="m6g.4xlarge",
    ),
    "Graviton3": Server(
        "neoverse_v1", arm(0x41, 0xD40, "sve bf16 i8mm"), 1, 1, 1, 16, vendor="Amazon EC2", product="c7g.4xlarge"
    ),
    "Graviton4 with two packages": Server(
        "neoverse_v2", arm(0x41, 0xD4F, f"{SVE2} rng"), 2, 1, 1, 12, vendor="Amazon EC2", product="r8g.48xlarge"
    ),
    "Grace Hopper": Server(
        "neoverse_v2", arm(0x41, 0xD4F, f"{SVE2} sm3 sm4"), 1, 1, 1, 9, memory_nodes=8, vendor="NVIDIA", product="P4352"
    ),
    "Axion": Server(
        "neoverse_v2",
        arm(0x41, 0xD4F, f"{SVE2} rng sm3 sm4"),
        1,
        1,
        1,
        8,
        vendor="Google",
        product="Google Compute Engine",
    ),
    "Cobalt 100": Server(
        "neoverse_n2", arm(0x6D, 0xD49, SVE2), 1, 1, 1, 8, vendor="Microsoft Corporation", product="Virtual Machine"
    ),
    "Ampere Altra with two packages": Server(
        "neoverse_n1", arm(0x41, 0xD0C, "asimddp fphp asimdhp atomics"), 2, 1, 1, 10, vendor="WIWYNN", product="Mt.Jade"
    ),
    "AmpereOne": Server("ampere1", arm(0xC0, 0xAC3, "asimddp bf16 i8mm"), 1, 1, 1, 12),
}
