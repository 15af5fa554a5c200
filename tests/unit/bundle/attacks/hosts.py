"""Machines that contradict themselves, and kernels and peaks that such a machine cannot run."""

from msgspec.structs import replace

from bench.records.bundle import Contents
from bench.records.machine import Cache, Core, Node
from bench.records.peak import Peak
from tests.unit.bundle.attacks.attack import Attack
from tests.unit.bundle.attacks.records import Change, machine, proof, result, summarized, topology
from tests.unit.bundle.builder import CONTENTS, seal_contents

CORES = CONTENTS.machine.topology.cores
NODE = CONTENTS.machine.topology.nodes[0]


def cpu(**fields: object) -> Change:
    return lambda contents: machine(cpu=replace(contents.machine.cpu, **fields))(contents)


def flags(*names: str, **fields: object) -> Change:
    """A CPU with these flags besides its own."""
    return cpu(isa=tuple(sorted({*CONTENTS.machine.cpu.isa, *names})), **fields)


def cores(*changed: Core) -> Change:
    return topology(cores=changed)


def kernels(**counts: int) -> Change:
    return proof(primitives={f"convolution brgconv:{name}": count for name, count in counts.items()})


def peak(precision: str, name: str, rate: float, method: str = "instructions") -> Change:
    """Another peak of the probes, and the summary that follows."""
    made = Peak(precision=precision, method=method, name=name, operations_per_s=rate)  # type: ignore[arg-type]
    return lambda contents: summarized(result(peaks=(made,))(contents))


def caches(level: int, *shared_by: str, size_bytes: int) -> Change:
    """Caches of one level, and probes whose arrays follow from them."""
    changed = topology(caches=(Cache(level=level, size_bytes=size_bytes // len(shared_by), shared_by=shared_by),))
    return both(changed, result(array_bytes=4 * size_bytes, cache_bytes=size_bytes))


def both(*changes: Change) -> Change:
    def apply(contents: Contents) -> Contents:
        for change in changes:
            contents = change(contents)
        return contents

    return apply


def settings(**fields: object) -> Change:
    return lambda contents: machine(settings=replace(contents.machine.settings, **fields))(contents)


ALL_NODES = (NODE, Node(id=1, cpus="1", memory_bytes=None))

MACHINES: list[tuple[str, Change, str]] = [
    ("more packages than its cores are in", topology(package_count=2), "states packages: 2; its lists give 1"),
    ("more cores than are listed", topology(core_count=4), "states cores: 4; its lists give 2"),
    ("more CPUs than are online", topology(cpu_count=4), "states online CPUs: 4; its lists give 2"),
    ("SMT on cores of one CPU", topology(smt_active=True), "states SMT: True; its lists give False"),
    ("a CPU on two cores", cores(CORES[0], replace(CORES[1], cpus=(0,))), "is on two cores"),
    ("a core without CPUs", cores(CORES[0], replace(CORES[1], cpus=())), "are not CPUs"),
    ("a core of a negative CPU", cores(CORES[0], replace(CORES[1], cpus=(-1,))), "are not CPUs"),
    ("an online CPU without a core", both(topology(core_count=1), cores(CORES[0])), "has 1 CPUs on its cores, but 2 are online"),
    ("a core whose CPU is not online", cores(CORES[0], replace(CORES[1], cpus=(7,))), "has 2 CPUs on its cores, but 2 are online"),
    ("CPUs that are allowed and not online", topology(allowed_cpus="0-7"), "allows CPUs 0-7, but only 0-1 are online"),
    ("a core on another node than its CPUs", cores(CORES[0], replace(CORES[1], node=1)), "CPU 1 is on node 1, by the nodes' lists on 0"),
    ("two nodes of one number", topology(nodes=(NODE, NODE)), "in ascending order, without duplicates"),
    ("a CPU on two nodes", topology(nodes=ALL_NODES), "memory node 1 has CPUs of another node"),
    ("a node of CPUs that are not online", topology(nodes=(NODE, replace(ALL_NODES[1], cpus="8"))), "a memory node has CPUs that are not online"),
    ("memory nodes that the machine has not", topology(allowed_memory_nodes="0-1"), "allows memory nodes 0-1"),
    ("a cache of CPUs that are not online", caches(2, "0-7", size_bytes=1 << 20), "a cache of level 2 is shared by CPUs 0-7"),
    ("a cache of nobody", both(topology(caches=(Cache(level=2, size_bytes=1 << 20, shared_by=("0-1", "")),)), result(array_bytes=4 << 20, cache_bytes=1 << 20)), "a cache of level 2 is shared by CPUs"),
    ("a core that shares another's last-level cache", caches(3, "0", "1", size_bytes=2 << 20), "CPU 1 shares a last-level cache with CPU 0, by the caches' lists with 1"),
    ("an x86 CPU with an Arm part", cpu(part=3), "has numbers of the other architecture"),
    ("an x86 CPU with Arm's vectors", flags("sve"), "an x86_64 CPU has the flags sve"),
    ("an Arm CPU with x86 vectors", cpu(architecture="aarch64"), "an aarch64 CPU has the flags avx2 avx512f"),
    ("Intel's name for an AMD CPU", cpu(vendor="AuthenticAMD"), "'AuthenticAMD' family None is called skylake_avx512"),
    ("an AMD name of another family", cpu(vendor="AuthenticAMD", family=25, microarchitecture="zen5"), "'AuthenticAMD' family 25 is called zen5"),
    ("an Intel CPU of an AMD family", cpu(family=26, microarchitecture="unknown"), "a CPU of 'GenuineIntel' has family 26, which is of AuthenticAMD"),
    ("an Intel CPU with AMD's virtualization", flags("svm"), "a CPU of 'GenuineIntel' has the flag svm"),
    ("tile products without tiles", flags("amx_bf16"), "has the flag amx_bf16 without amx_tile"),
    ("vectors of 512 bits without those of 256", cpu(isa=("avx512f",)), "has the flag avx512f without avx2"),
    ("a guest that is called bare metal", flags("hypervisor"), "the flag hypervisor, but the machine is not a guest"),
    ("flags out of order", cpu(isa=("avx512f", "avx2")), "are not sorted"),
    ("a flag twice", cpu(isa=("avx2", "avx2", "avx512f")), "are not sorted, or are repeated"),
]  # fmt: skip

KERNELS: list[tuple[str, Change, str]] = [
    ("tile kernels on a CPU without tiles", kernels(avx512_core_amx=53), "oneDNN ran 'convolution brgconv:avx512_core_amx', but the CPU lacks amx_tile"),
    ("tile kernels of the next generation", kernels(avx10_1_512_amx_fp16=53), "but the CPU lacks amx_tile"),
    ("Arm's kernels on an x86 CPU", kernels(sve_256=53), "but the CPU lacks sve"),
    ("vector kernels on a CPU without vectors", both(kernels(avx512_core=53), cpu(isa=("avx2",))), "but the CPU lacks avx512f"),
    ("bf16 kernels on a CPU that a new kernel shows without", kernels(avx512_core_bf16=1), "but the CPU lacks avx512_bf16"),
    ("a peak of instructions that the CPU lacks", peak("bf16", "amx_bf16", 1e12), "a peak of amx_bf16 was measured, but the CPU lacks amx_bf16 amx_tile"),
    ("a peak beyond its instruction's lanes", both(flags("fma"), peak("fp32", "avx2_fp32", 7e11)), "fp32 avx2_fp32: 7e+11 operations a second"),
    ("a peak of more threads than the machine has cores", both(topology(core_count=1, smt_active=True), cores(replace(CORES[0], cpus=(0, 1))), peak("fp32", "mm", 7e11, "kernel")), "fp32 mm: 7e+11 operations a second"),
]  # fmt: skip

ATTACKS = [
    Attack(name=name, data=seal_contents(change(CONTENTS)), words=words) for name, change, words in MACHINES + KERNELS
]
