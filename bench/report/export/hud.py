"""Records for PyTorch's HUD: its OSS benchmark records, schema v3.

Source: pytorch/test-infra, clickhouse_db_schema/oss_ci_benchmark_v3/schema.sql, and the views beside it. The dashboards
take the device from the name of the first runner, and its architecture from the runner's type: a host's name there would
make every host a device of its own. What the upload has to state (repository, commit, workflow, job) its uploader adds.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from bench.records.bundle import Contents, Environment
from bench.records.case import precision_words
from bench.records.machine import Machine
from bench.records.plan import Cell
from bench.records.precision import PRECISION_FACTS
from bench.records.record import Record
from bench.records.source import Source, find_source
from bench.records.summary import CellSummary, Interval
from bench.report.cases import describe_shape, name_workload
from bench.report.export.columns import ExportedCell
from bench.report.export.rows import find_cells
from bench.report.export.run import ExportedRun, find_environment, find_version
from bench.report.printable import printable_json
from bench.stats.metrics import METRICS, Metric, read_metric
from bench.stats.summary import find_used
from bench.workloads.catalogue.sources import TORCHBENCH
from bench.workloads.registry import known_workloads

Extra = dict[str, str]
"""HUD's `extra_info`: texts by name."""

_FLOAT_MAX = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
"""HUD's numbers are Float32."""

_UINT_MAX = (1 << 32) - 1

_PACKAGES: Mapping[str, tuple[str, str]] = {
    "torch": ("pytorch", "pytorch/pytorch"),
    "torchvision": ("vision", "pytorch/vision"),
    "torchao": ("ao", "pytorch/ao"),
    "transformers": ("transformers", "huggingface/transformers"),
    "torch-geometric": ("pytorch_geometric", "pyg-team/pytorch_geometric"),
}
"""Installed package → HUD's name of it, and its repository."""


class HudBenchmark(Record, frozen=True, kw_only=True):
    """HUD's `benchmark`."""

    name: str
    mode: str
    dtype: str
    extra_info: Extra


class HudModel(Record, frozen=True, kw_only=True):
    """HUD's `model`."""

    name: str
    type: str
    backend: str
    origins: tuple[str, ...]
    extra_info: Extra


class HudMetric(Record, frozen=True, kw_only=True):
    """HUD's `metric`.

    Attributes:
        benchmark_values: One for each repetition that the summary rests on, in the metric's unit; dashboards show their
            mean. Of a metric that is the first repetition's alone, that one value.
        target_value: 0: there is none.
    """

    name: str
    benchmark_values: tuple[float, ...]
    target_value: float
    extra_info: Extra


class HudInput(Record, frozen=True, kw_only=True):
    """HUD's `inputs`."""

    dtype: str
    extra_info: Extra


class HudRunner(Record, frozen=True, kw_only=True):
    """HUD's `runners`.

    Attributes:
        name: What dashboards call the device.
        type: What dashboards call the architecture: it groups the machines that can be compared.
    """

    name: str
    type: str
    cpu_info: str
    cpu_count: int
    mem_info: str
    avail_mem_in_gb: int
    gpu_info: str
    gpu_count: int
    gpu_mem_info: str
    avail_gpu_mem_in_gb: int
    extra_info: Extra


class HudDependency(Record, frozen=True, kw_only=True):
    """HUD's `dependencies`."""

    repo: str
    branch: str
    sha: str
    version: str
    extra_info: Extra


class HudRecord(Record, frozen=True, kw_only=True):
    """One metric of one cell."""

    benchmark: HudBenchmark
    model: HudModel
    metric: HudMetric
    inputs: dict[str, HudInput]
    runners: tuple[HudRunner, ...]
    dependencies: dict[str, HudDependency]


def render_hud(runs: Iterable[ExportedRun]) -> bytes:
    """Return a JSON list with a record for each metric of each cell that has numbers."""
    records = [record for run in runs for record in make_hud_records(run)]
    return printable_json(msgspec.json.format(msgspec.json.encode(records), indent=1).decode() + "\n").encode()


def make_hud_records(run: ExportedRun) -> Iterator[HudRecord]:
    """Yield a record for each metric of each cell that has numbers."""
    for exported in find_cells(run):
        if exported.summary is None:
            continue
        for name, interval in exported.summary.metrics.items():
            yield from _make_record(exported, exported.summary, METRICS.get(name), interval)


def _make_record(
    exported: ExportedCell, summary: CellSummary, metric: Metric | None, interval: Interval
) -> Iterator[HudRecord]:
    """Yield the record of a metric; none of a metric that this bench does not know or that HUD's numbers cannot hold."""
    if metric is None or exported.measurement is None:
        return
    values = tuple(read_metric(exported.cell, find_used(exported.measurement.repetitions), metric.name))
    if metric.aggregation == "first":  # a mean of all would not be of the first
        values = (interval.point,)
    if max(map(abs, values)) > _FLOAT_MAX:
        return
    contents, cell = exported.run.contents, exported.cell
    yield HudRecord(
        benchmark=HudBenchmark(
            name="bench" if cell.variant is None else f"bench ab {cell.variant}",
            mode=cell.case.mode,
            dtype=cell.case.precision,
            extra_info={
                "device": "cpu",
                "arch": contents.machine.cpu.microarchitecture,
                "suite": contents.plan.suite,
                "profile": contents.plan.profile.name,
                "layout": f"{cell.layout} {len(cell.instances)}x{cell.instances[0].threads}",
                "run_id": contents.info.run_id,
                "bundle_sha256": exported.run.content_digest.removeprefix("sha256:"),
            },
        ),
        model=_make_model(cell, contents.plan.sources),
        metric=HudMetric(
            name=metric.name,
            benchmark_values=values,
            target_value=0.0,
            extra_info=_describe_metric(contents, summary, metric, interval),
        ),
        inputs=_make_inputs(cell),
        runners=(_make_runner(contents),),
        dependencies=_make_dependencies(find_environment(contents, cell)),
    )


def _make_model(cell: Cell, sources: Iterable[Source]) -> HudModel:
    """Return the model, with a name for each cell: dashboards would take cells of equal names for one series."""
    case, source = cell.case, find_source(cell.case, sources)
    facts = known_workloads(sources).get(case.workload)  # None for a bundle of another version of bench
    # What a user's own file says of its origin is only its word.
    from_torchbench = (
        facts is not None and facts.source.startswith(TORCHBENCH) if source is None else source.kind == "torchbench"
    )
    quantization = {"quant_engine": case.quant_engine, "group_size": case.group_size}
    settings = {name: str(value) for name, value in quantization.items() if value is not None}
    words = (*precision_words(case)[1:], case.memory_format, f"bs{case.batch_size}", cell.layout)
    return HudModel(
        name=" ".join((name_workload(case, case.shape), *words)),
        type="unknown" if facts is None else facts.family,
        backend=case.backend,
        origins=("torchbench",) if from_torchbench else (),
        extra_info={"workload": case.workload, "format": case.memory_format, "batch": str(case.batch_size), **settings},
    )


def _describe_metric(contents: Contents, summary: CellSummary, metric: Metric, interval: Interval) -> Extra:
    """Return unit, direction and aggregation, and the interval of a metric that has one."""
    described = {
        "unit": metric.unit or "count",
        "lower_is_better": str(metric.better == "less").lower(),
        "point": repr(interval.point),
        "aggregation": metric.aggregation,
        "repetitions": str(summary.repetitions),
    }
    if metric.name == "throughput_per_s":
        described["items"] = summary.unit
    if metric.aggregation == "mean":
        level = f"{contents.plan.policy.confidence * 100:g}"
        described[f"interval{level}"] = f"[{interval.low!r}, {interval.high!r}]"
    return described | ({"marks": " ".join(summary.marks)} if summary.marks else {})


def _make_inputs(cell: Cell) -> dict[str, HudInput]:
    computed = PRECISION_FACTS[cell.case.precision].computes
    shape = describe_shape({"batch": cell.case.batch_size, **cell.case.shape})
    return {"inputs": HudInput(dtype=computed, extra_info={"shape": shape})}


def _make_runner(contents: Contents) -> HudRunner:
    machine = contents.machine
    extra = {
        "host": machine.host_name,
        "kernel": machine.settings.kernel,
        "microcode": machine.settings.microcode,
        "virtualization": machine.settings.hypervisor,
        "numa_nodes": str(len(machine.topology.nodes)),
        "cores": str(machine.topology.core_count),
    }
    return HudRunner(
        name="cpu",
        type=_name_machine(machine),
        cpu_info=machine.cpu.model_name,
        cpu_count=min(machine.topology.cpu_count, _UINT_MAX),
        mem_info="",
        avail_mem_in_gb=min((machine.limits.total_memory_bytes or 0) >> 30, _UINT_MAX),
        gpu_info="",
        gpu_count=0,
        gpu_mem_info="",
        avail_gpu_mem_in_gb=0,
        extra_info={name: value for name, value in extra.items() if value},
    )


def _name_machine(machine: Machine) -> str:
    """Return a name that machines share which can be compared: model, cores, logical CPUs, and what virtualizes them."""
    cpu, topology = machine.cpu, machine.topology
    name = f"{cpu.model_name or cpu.vendor} ({cpu.microarchitecture}) {topology.core_count}c {topology.cpu_count}t"
    return name if machine.settings.hypervisor is None else f"{name} {machine.settings.hypervisor}"


def _make_dependencies(environment: Environment) -> dict[str, HudDependency]:
    return {
        name: HudDependency(repo=repo, branch="", sha="", version=version, extra_info={})
        for package, (name, repo) in _PACKAGES.items()
        if (version := find_version(environment, package)) is not None
    }
