"""Machines made by hand: only what profiles look at is chosen, the rest is plain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from bench.records.cpulist import format_cpulist, parse_cpulist
from bench.records.machine import Core, Cpu, Firmware, Limits, Machine, Node, Settings, Topology

GIB = 1 << 30

X86_V3 = (
    *("abm", "avx", "avx2", "bmi1", "bmi2", "cx16", "f16c", "fma"),
    *("lahf_lm", "movbe", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3", "xsave"),
)
X86_V4 = (*X86_V3, "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl")
ZEN4 = (*X86_V4, "avx512_bf16", "avx512_vnni")
SPR = (*X86_V4, "amx_bf16", "amx_int8", "amx_tile", "avx512_bf16", "avx512_fp16", "avx512_vnni")
NEOVERSE_V1 = ("asimd", "asimddp", "bf16", "i8mm", "sve")


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A machine in short.

    Attributes:
        nodes: Node id → cores on it, in the order that the kernel numbers them; one id None for no NUMA.
        smt: `none`; `split` numbers siblings after all first CPUs; `adjacent` beside each other.
        efficiency: So many of the last cores are efficiency cores, without siblings.
        l3: Cores that share an L3 cache; None if unknown.
        memory: Node id → bytes where it is not plenty; ids without CPUs are memory-only nodes.
    """

    nodes: dict[int | None, int] = field(default_factory=lambda: {0: 2})
    smt: str = "none"
    efficiency: int = 0
    l3: int | None = 8
    memory: dict[int, int] = field(default_factory=dict)
    offline: str = ""
    allowed: str | None = None
    allowed_memory: str | None = None
    quota: float | None = None
    architecture: str = "x86_64"
    vendor: str = "AuthenticAMD"
    microarchitecture: str = "zen4"
    confidence: str = "identified"
    isa: Sequence[str] = ZEN4
    emulated: bool = False
    system_vendor: str | None = "QEMU"


def _cores(spec: Spec) -> tuple[Core, ...]:
    total = sum(spec.nodes.values())
    two_way = total - spec.efficiency
    homes = [node for node, cores in spec.nodes.items() for _ in range(cores)]
    offline = parse_cpulist(spec.offline)
    firsts: list[tuple[int, ...]] = []
    for index in range(total):
        if spec.smt == "none":
            cpus = (index,)
        elif index >= two_way:
            cpus = (2 * two_way + index - two_way,)
        elif spec.smt == "split":
            cpus = (index, index + total)
        else:
            cpus = (2 * index, 2 * index + 1)
        firsts.append(cpus)
    cores = []
    for index, cpus in enumerate(firsts):
        kind = "uniform" if not spec.efficiency else "performance" if index < two_way else "efficiency"
        online = tuple(cpu for cpu in cpus if cpu not in offline)
        if online:
            group = None if spec.l3 is None else firsts[index - index % spec.l3][0]
            cores.append(Core(cpus=online, package=0, node=homes[index], l3=group, kind=kind))
    return tuple(cores)


def _topology(spec: Spec) -> Topology:
    cores = _cores(spec)
    online = {cpu for core in cores for cpu in core.cpus}
    ids = sorted({node for node in spec.nodes if node is not None} | set(spec.memory))
    nodes = tuple(
        Node(
            id=number,
            cpus=format_cpulist(cpu for core in cores if core.node == number for cpu in core.cpus),
            memory_bytes=spec.memory.get(number, 64 * GIB),
        )
        for number in ids
    )
    with_memory = format_cpulist(node.id for node in nodes if node.memory_bytes)
    return Topology(
        package_count=1,
        core_count=len(cores),
        cpu_count=len(online),
        online_cpus=format_cpulist(online),
        allowed_cpus=format_cpulist(online) if spec.allowed is None else spec.allowed,
        allowed_memory_nodes=with_memory if spec.allowed_memory is None else spec.allowed_memory,
        smt_active=any(len(core.cpus) > 1 for core in cores),
        nodes=nodes,
        cores=cores,
    )


def _build(spec: Spec) -> Machine:
    return Machine(
        cpu=Cpu(
            architecture=spec.architecture,
            vendor=spec.vendor,
            model_name="",
            microarchitecture=spec.microarchitecture,
            confidence=spec.confidence,
            isa=tuple(sorted(spec.isa)),
            emulated=spec.emulated,
        ),
        topology=_topology(spec),
        limits=Limits(
            cgroup_version=2, cpu_quota=spec.quota, memory_bytes=None, total_memory_bytes=None, container=None
        ),
        settings=Settings(**dict.fromkeys(Settings.__struct_fields__)),
        firmware=Firmware(system_vendor=spec.system_vendor, product_name=None, board_vendor=None, bios_version=None),
        host_name="",
        missing=(),
    )


def _spr(**changes: object) -> Spec:
    plain: dict[str, object] = {
        "nodes": dict.fromkeys(range(8), 14),
        "smt": "split",
        "l3": 56,
        "vendor": "GenuineIntel",
        "microarchitecture": "sapphirerapids",
        "isa": SPR,
        "system_vendor": "Dell Inc.",
    }
    return Spec(**(plain | changes))


def _generic(**changes: object) -> Spec:
    return Spec(**({"microarchitecture": "unknown", "vendor": "unknown", "isa": X86_V3} | changes))


SPECS: dict[str, Spec] = {
    "guest, 2 cores of Zen 4": Spec(),
    "guest, 2 cores of Zen 4, quota of 1.5 CPUs": Spec(quota=1.5),
    "guest, 2 cores of Zen 4, quota of half a CPU": Spec(quota=0.5),
    "2 x 56 cores of Sapphire Rapids, SMT, SNC4": _spr(),
    "the same in a cpuset across two nodes": _spr(allowed="8-18", allowed_memory="0-1"),
    "the same in a cpuset of second siblings": _spr(allowed="112-125", allowed_memory="0"),
    "the same, quota of 10 CPUs": _spr(quota=10),
    "the same, quota of 3.9 CPUs": _spr(quota=3.9),
    "1 x 96 cores of Genoa, SMT, 12 L3 groups": Spec(nodes={0: 96}, smt="split"),
    "the same, 3 CPUs of one L3 group offline": Spec(nodes={0: 96}, offline="93-95"),
    "the same, L3 groups unknown": Spec(nodes={0: 96}, smt="split", l3=None),
    "64 cores of Graviton3": Spec(
        nodes={0: 64},
        l3=64,
        architecture="aarch64",
        vendor="ARM",
        microarchitecture="neoverse_v1",
        isa=NEOVERSE_V1,
        system_vendor="Amazon EC2",
    ),
    "arm64 emulated on 2 cores of x86": Spec(
        architecture="aarch64", vendor="unknown", microarchitecture="unknown", isa=("asimd",), emulated=True
    ),
    "hybrid desktop, 8 performance and 8 efficiency cores": _generic(
        nodes={0: 16}, smt="adjacent", efficiency=8, l3=16
    ),
    "the same, only efficiency cores allowed": _generic(
        nodes={0: 16}, smt="adjacent", efficiency=8, l3=16, allowed="16-19"
    ),
    "4 nodes with sparse ids, one smaller": _generic(nodes={0: 6, 2: 6, 5: 6, 7: 3}),
    "2 nodes with CPUs, 2 with memory only, 1 with neither": _generic(
        nodes={0: 4, 1: 4}, memory={2: GIB, 3: GIB, 4: 0}
    ),
    "a node with CPUs and no memory": _generic(nodes={0: 4, 1: 4}, memory={1: 0}),
    "a cpuset of CPUs on one node, memory on two others": _generic(
        nodes=dict.fromkeys(range(4), 4), allowed="0-3", allowed_memory="2-3"
    ),
    "8 cores, 2 offline, no NUMA": _generic(nodes={None: 8}, offline="3,6"),
}


@pytest.fixture(scope="session")
def spec() -> type[Spec]:
    return Spec


@pytest.fixture(scope="session")
def build_machine() -> Callable[..., Machine]:
    """Build a machine of a `Spec`, or of its fields."""

    def build(given: Spec | None = None, **fields: object) -> Machine:
        return _build(Spec(**fields) if given is None else given)

    return build


@pytest.fixture(scope="session")
def machines() -> dict[str, Machine]:
    """Machines by what they are."""
    return {name: _build(spec) for name, spec in SPECS.items()}
