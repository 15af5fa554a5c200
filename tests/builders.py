"""Small valid records for tests; each test changes what it is about."""

from collections.abc import Sequence

import msgspec

from bench.records.case import Case, WorkloadFacts
from bench.records.effective import Effective, Library
from bench.records.machine import Core, Cpu, Firmware, Limits, Machine, Node, Settings, Topology
from bench.records.measurement import (
    Correctness,
    InstanceResult,
    Measurement,
    Noise,
    OperatorProfile,
    OperatorTime,
    Proof,
    Repetition,
    Sample,
)
from bench.records.peak import Peak
from bench.records.plan import Cell, Plan, PlanHeading, Policy, format_cell_id
from bench.records.probe import Probe, ProbeResult
from bench.records.profile import Binding, Choice, Layout, LayoutName, Match, Profile, Runtime, Setting
from bench.records.reason import Reason
from bench.records.summary import CellSummary

DIGEST = f"sha256:{'0' * 64}"

CASE = Case(
    workload="resnet50",
    mode="inference",
    phase=None,
    precision="fp32",
    memory_format="channels_last",
    backend="eager",
    batch_size=4,
    shape={"image_size": 64},
)

BINDING = Binding(cpus="0-1", memory_nodes="0", threads=2)
RUNTIME = Runtime(openmp="gnu", allocator="system")
LIBRARIES = (
    Library(role="openmp", name="gnu", file="libgomp.so.1", digest=DIGEST, effective=True),
    Library(role="allocator", name="system", file="libc.so.6", digest=DIGEST, effective=True),
)

POLICY = Policy(
    repetitions_min=2,
    repetitions_max=4,
    warmup_max_s=1,
    measure_s=0.05,
    samples_min=6,
    sample_s=0.01,
    target_ci_ratio=0.05,
    timeout_s=60,
    confidence=0.95,
)

ORDER_SEED = 32
HEADING = PlanHeading("./tiny.toml", None, ORDER_SEED)
"""Leaves up to three cells in the plan's order in rounds 0 and 1, and shuffles them in round 2."""

CHOICE = Choice(
    name="generic-x86-64-v4",
    reason=Reason(code="most_specific", values={"conditions": "architecture=x86_64 isa=avx512f"}),
    forced=False,
    why_not={"xeon-spr": Reason(code="less_specific", values={"chosen": "generic-x86-64-v4"})},
)

PROFILE = Profile(
    name="generic-x86-64-v4",
    summary="Any x86-64 CPU with AVX-512",
    match=Match(architecture="x86_64", isa=("avx512f",)),
    instance_per=Setting(value="node", source="a test", evidence="derived"),
    openmp=Setting(value="gnu", source="a test", evidence="derived"),
    allocator=Setting(value="system", source="a test", evidence="derived"),
)

FACTS = WorkloadFacts(
    name="resnet50",
    family="cnn",
    target="nowhere:build",
    summary="a CNN",
    source="a test",
    precisions=("fp32", "amp_bf16"),
    memory_formats=("contiguous", "channels_last"),
    backends=("eager",),
    batch_size={"inference": 32, "training": 16},
    shape={"image_size": 224},
    bounds={"image_size": (64, 1024)},
    smoke_shape={"image_size": 64},
    unit="images",
)


def make_reason(code: str, **values: str) -> Reason:
    return Reason(code=code, values=values)


QUIET = Noise(
    steal_ratio=0.0,
    throttled_s=0.0,
    cpu_pressure_s=None,
    involuntary_switches=0,
    migrations=None,
    major_faults=0,
    frequency_hz=None,
    foreign_ratio=0.0,
)


def make_machine(cpus: int = 2) -> Machine:
    listed = f"0-{cpus - 1}" if cpus > 1 else "0"
    return Machine(
        cpu=Cpu(
            architecture="x86_64",
            vendor="GenuineIntel",
            model_name="Test CPU",
            microarchitecture="skylake_avx512",
            confidence="identified",
            isa=("avx2", "avx512f"),
            emulated=False,
        ),
        topology=Topology(
            package_count=1,
            core_count=cpus,
            cpu_count=cpus,
            online_cpus=listed,
            allowed_cpus=listed,
            allowed_memory_nodes="0",
            smt_active=False,
            nodes=(Node(id=0, cpus=listed, memory_bytes=8 << 30),),
            cores=tuple(Core(cpus=(cpu,), package=0, node=0, l3=0, kind="uniform") for cpu in range(cpus)),
        ),
        limits=Limits(cgroup_version=2, cpu_quota=None, memory_bytes=None, total_memory_bytes=8 << 30, container=None),
        settings=Settings(
            kernel="6.1",
            microcode=None,
            hypervisor=None,
            governor="performance",
            frequency_driver=None,
            boost=None,
            max_frequency_hz=None,
            smt_control=None,
            transparent_hugepages="madvise",
            numa_balancing=False,
            isolated_cpus="",
            nohz_full_cpus=None,
            aslr=2,
        ),
        firmware=Firmware(system_vendor=None, product_name=None, board_vendor=None, bios_version=None),
        host_name="host",
        missing=(),
    )


def make_cell(
    index: int = 0,
    *,
    case: Case = CASE,
    instances: Sequence[Binding] = (BINDING,),
    layout: LayoutName = "latency",
) -> Cell:
    return Cell(
        scenario="closed_loop",
        id=format_cell_id(index, case, layout),
        case=case,
        layout=layout,
        unit="images",
        instances=tuple(instances),
        runtime=RUNTIME,
        environment={"OMP_DYNAMIC": "FALSE"},
    )


def make_plan(*cells: Cell, policy: Policy = POLICY) -> Plan:
    cells = cells or (make_cell(),)
    return Plan(
        suite="smoke",
        profile=CHOICE,
        layouts=tuple(
            Layout(name=name, instances=next(cell.instances for cell in cells if cell.layout == name), runtime=RUNTIME)
            for name in dict.fromkeys(cell.layout for cell in cells)
        ),
        policy=policy,
        order_seed=ORDER_SEED,
        cells=cells,
        refused=(),
        argv=("python", "-m", "bench.worker"),
        estimate_s=60.0,
    )


def make_samples(latencies_s: Sequence[float], *, start_ns: int = 0, iterations: int = 1) -> tuple[Sample, ...]:
    """Samples without a gap between them."""
    samples = []
    for latency in latencies_s:
        elapsed = round(latency * 1e9) * iterations
        samples.append(Sample(start_ns=start_ns, elapsed_ns=elapsed, iterations=iterations))
        start_ns += elapsed
    return tuple(samples)


def make_proof(*, passed: bool = True, weights_digest: str = DIGEST) -> Proof:
    return Proof(
        evidence={"parameters": "float32"},
        primitives={"jit:avx512_core": 53},
        weights_digest=weights_digest,
        inputs_digest=DIGEST,
        correctness=Correctness(
            cosine_similarity=1.0 if passed else 0.5,
            relative_error=0.0,
            cosine_limit=0.999999,
            error_limit=1e-4,
            passed=passed,
        ),
        flops=8_000_000_000,
        traffic_bytes=100_000_000,
    )


def make_operators(call_s: float = 0.01) -> OperatorProfile:
    """Where the time of a call goes: nine tenths in products of matrices, a twentieth in sums."""
    call_ns = round(call_s * 1e9)
    return OperatorProfile(
        elapsed_ns=call_ns,
        own_ns=call_ns * 19 // 20,
        operators=(
            OperatorTime(name="aten::mm", calls=53, own_ns=call_ns * 9 // 10),
            OperatorTime(name="aten::add_", calls=16, own_ns=call_ns // 20),
        ),
    )


def make_instance(
    latencies_s: Sequence[float] = (0.01,) * 6, *, start_ns: int = 0, items: int = 4, proof: Proof | None = None
) -> InstanceResult:
    warmup_ns = start_ns - 60_000_000
    return InstanceResult(
        warmup=make_samples([0.01] * 6, start_ns=warmup_ns) if warmup_ns >= 0 else (),
        steady=True,
        samples=make_samples(latencies_s, start_ns=start_ns),
        import_s=0.2,
        build_s=0.1,
        prepare_s=0.1,
        compile_s=0.0,
        load_s=0.0,
        first_call_s=0.5,
        peak_load_bytes=1 << 28,
        peak_run_bytes=1 << 29,
        stages_ns={},
        items_per_iteration=items,
        effective=Effective(
            cpus="0-1",
            main_cpus="0-1",
            memory_nodes="0",
            memory_policy="bind",
            memory_binding="mempolicy",
            node_pages={"0": 1000},
            threads=2,
            libraries=LIBRARIES,
        ),
        noise=QUIET,
        proof=proof,
    )


def make_repetition(index: int = 0, *instances: InstanceResult, sequence: int | None = None) -> Repetition:
    """Return a repetition of the round of its index, by default at the same place of the run."""
    return Repetition(
        index=index,
        round=index,
        sequence=index if sequence is None else sequence,
        started_at="2026-01-02T03:04:05Z",
        instances=instances or (make_instance(),),
    )


def make_measurement(cell: Cell, *repetitions: Repetition) -> Measurement:
    return Measurement(cell=cell.id, repetitions=repetitions, stopped="precise")


def make_probe(*, gflops: float = 100.0, gigabytes: float = 10.0, sequence: int = 0) -> Probe:
    result = ProbeResult(
        product_flops_per_s=gflops * 1e9,
        triad_bytes_per_s=gigabytes * 1e9,
        array_bytes=128 << 20,
        read_bytes_per_s=gigabytes * 1e9,
        peaks=(
            Peak(precision="fp32", method="instructions", name="avx512_fp32", operations_per_s=gflops * 1e9),
            Peak(precision="bf16", method="kernel", name="mm", operations_per_s=2 * gflops * 1e9),
        ),
    )
    return Probe(layout="latency", sequence=sequence, started_at="2026-01-02T03:04:05Z", instances=(result,))


def noisy(instance: InstanceResult, **values: float) -> InstanceResult:
    return msgspec.structs.replace(instance, noise=msgspec.structs.replace(instance.noise, **values))


def change_metric(summary: CellSummary, metric: str, **values: float) -> CellSummary:
    interval = msgspec.structs.replace(summary.metrics[metric], **values)
    return msgspec.structs.replace(summary, metrics={**summary.metrics, metric: interval})
