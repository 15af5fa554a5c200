"""The columns of exported tables. Names are stable: columns are added, and none is renamed or gets another meaning.

`docs/export-columns.md` is made from these tables.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from bench.records.case import case_name
from bench.records.measurement import Measurement
from bench.records.plan import Cell
from bench.records.summary import CellSummary, Interval
from bench.report.cases import describe_shape
from bench.report.export.run import ExportedRun, find_environment, find_version
from bench.stats.metrics import METRICS, Aggregation, Metric

Scalar = str | int | float | bool | None
Row = Mapping[str, Scalar]
"""Column → value, in the order of the columns; None where there is none."""

Kind = Literal["text", "integer", "number", "boolean"]


class ExportedCell(NamedTuple):
    """What the columns of a cell are read from.

    Attributes:
        summary: None of a cell without numbers.
        measurement: None of a cell that was not measured.
    """

    run: ExportedRun
    cell: Cell
    summary: CellSummary | None
    measurement: Measurement | None


class ExportColumn(NamedTuple):
    """A column.

    Attributes:
        name: With its unit: `_s` seconds, `_ns` nanoseconds, `_per_s` a second, `_bytes`, `_ratio` a share of one.
        kind: Its type; a value may also be missing.
        meaning: For the documentation.
        read: Returns the value.
    """

    name: str
    kind: Kind
    meaning: str
    read: Callable[[ExportedCell], Scalar]


IDENTITY_COLUMNS = (
    ExportColumn("content_digest", "text", "SHA-256 of the bundle's signed content", lambda of: of.run.content_digest),
    ExportColumn("run_id", "text", "the run", lambda of: of.run.contents.info.run_id),
    ExportColumn("cell", "text", "id of the cell in the run", lambda of: of.cell.id),
    ExportColumn("case_name", "text", "all that can change the outputs, as one word", lambda of: case_name(of.cell.case)),
    ExportColumn("workload", "text", "the model with its inputs", lambda of: of.cell.case.workload),
    ExportColumn("phase", "text", "`prefill` or `decode` of a language model", lambda of: of.cell.case.phase),
    ExportColumn("mode", "text", "`inference` or `training`", lambda of: of.cell.case.mode),
    ExportColumn("precision", "text", "such as `fp32` or `amp_bf16`", lambda of: of.cell.case.precision),
    ExportColumn("quant_engine", "text", "whose kernels `fx_int8` runs in", lambda of: of.cell.case.quant_engine),
    ExportColumn("group_size", "integer", "weights that share a scale in `int4_weight_only`", lambda of: of.cell.case.group_size),
    ExportColumn("memory_format", "text", "`contiguous` or `channels_last`", lambda of: of.cell.case.memory_format),
    ExportColumn("backend", "text", "such as `eager` or `inductor`", lambda of: of.cell.case.backend),
    ExportColumn("batch_size", "integer", "samples, prompts or graphs in one call", lambda of: of.cell.case.batch_size),
    ExportColumn("shape", "text", "all other dimensions, as `name=value`", lambda of: describe_shape(of.cell.case.shape)),
    ExportColumn("layout", "text", "`latency`, `throughput` or `single_core`", lambda of: of.cell.layout),
    ExportColumn("side", "text", "`a` or `b` of a `bench ab` run", lambda of: of.cell.variant),
)  # fmt: skip
"""What tells a row's cell from all others. Rows of cells and rows of samples have them."""

RUN_COLUMNS = (
    ExportColumn("started_at", "text", "RFC 3339, UTC", lambda of: of.run.contents.info.started_at),
    ExportColumn("finished_at", "text", "RFC 3339, UTC", lambda of: of.run.contents.info.finished_at),
    ExportColumn("bench_version", "text", "of the program that measured", lambda of: of.run.contents.info.bench_version),
    ExportColumn("suite", "text", "name, or file name", lambda of: of.run.contents.plan.suite),
    ExportColumn("profile", "text", "hardware profile", lambda of: of.run.contents.plan.profile.name),
    ExportColumn("host_name", "text", "missing if it was redacted", lambda of: of.run.contents.machine.host_name or None),
    ExportColumn("architecture", "text", "`x86_64` or `aarch64`", lambda of: of.run.contents.machine.cpu.architecture),
    ExportColumn("cpu_vendor", "text", "as the CPU names it", lambda of: of.run.contents.machine.cpu.vendor),
    ExportColumn("cpu_model", "text", "as kernel or firmware name it", lambda of: of.run.contents.machine.cpu.model_name or None),
    ExportColumn("microarchitecture", "text", "such as `zen5`", lambda of: of.run.contents.machine.cpu.microarchitecture),
    ExportColumn("emulated", "boolean", "the architecture was only emulated", lambda of: of.run.contents.machine.cpu.emulated),
    ExportColumn("packages", "integer", "CPU packages", lambda of: of.run.contents.machine.topology.package_count),
    ExportColumn("cores", "integer", "physical cores", lambda of: of.run.contents.machine.topology.core_count),
    ExportColumn("cpus", "integer", "logical CPUs", lambda of: of.run.contents.machine.topology.cpu_count),
    ExportColumn("numa_nodes", "integer", "NUMA nodes", lambda of: len(of.run.contents.machine.topology.nodes)),
    ExportColumn("memory_bytes", "integer", "memory of the machine", lambda of: of.run.contents.machine.limits.total_memory_bytes),
    ExportColumn("hypervisor", "text", "missing on bare metal", lambda of: of.run.contents.machine.settings.hypervisor),
    ExportColumn("kernel", "text", "release", lambda of: of.run.contents.machine.settings.kernel),
    ExportColumn("microcode", "text", "as the kernel prints it", lambda of: of.run.contents.machine.settings.microcode),
    ExportColumn("governor", "text", "of cpufreq", lambda of: of.run.contents.machine.settings.governor),
    ExportColumn("python", "text", "implementation and version", lambda of: find_environment(of.run.contents, of.cell).implementation),
    ExportColumn("torch", "text", "version", lambda of: find_version(find_environment(of.run.contents, of.cell), "torch")),
    ExportColumn("openmp", "text", "OpenMP runtime of the workers", lambda of: of.cell.runtime.openmp),
    ExportColumn("allocator", "text", "memory allocator of the workers", lambda of: of.cell.runtime.allocator),
    ExportColumn("instances", "integer", "worker processes at the same time", lambda of: len(of.cell.instances)),
    ExportColumn("threads", "integer", "of all instances together", lambda of: sum(binding.threads for binding in of.cell.instances)),
)  # fmt: skip
"""What the cell was measured with."""


def _read_interval(metric: str, end: Literal["point", "low", "high"]) -> Callable[[ExportedCell], Scalar]:
    def read(of: ExportedCell) -> Scalar:
        interval: Interval | None = None if of.summary is None else of.summary.metrics.get(metric)
        return None if interval is None else float(getattr(interval, end))

    return read


def _bound_name(metric: Metric, end: str) -> str:
    """Return a column's name that still ends in the unit: `latency_low_s`."""
    unit = f"_{metric.unit.lower()}" if metric.unit else ""
    return f"{metric.name.removesuffix(unit)}_{end}{unit}"


_AGGREGATIONS: Mapping[Aggregation, str] = MappingProxyType(
    {
        "mean": "geometric mean over repetitions",
        "median": "median over repetitions",
        "max": "largest over repetitions",
        "first": "of the first repetition",
    }
)


def _metric_columns() -> Iterator[ExportColumn]:
    """Yield a column for each metric, and the ends of its interval where repetitions have a mean."""
    for metric in METRICS.values():
        meaning = f"{_AGGREGATIONS[metric.aggregation]}; {metric.better} is better"
        yield ExportColumn(metric.name, "number", meaning, _read_interval(metric.name, "point"))
        if metric.aggregation == "mean":
            yield ExportColumn(_bound_name(metric, "low"), "number", "lower end of its interval", _read_interval(metric.name, "low"))  # fmt: skip
            yield ExportColumn(_bound_name(metric, "high"), "number", "upper end of its interval", _read_interval(metric.name, "high"))  # fmt: skip


def _read_summary(read: Callable[[CellSummary], Scalar]) -> Callable[[ExportedCell], Scalar]:
    return lambda of: None if of.summary is None else read(of.summary)


def _read_proof(field: Literal["relative_error", "cosine_similarity"]) -> Callable[[ExportedCell], Scalar]:
    def read(of: ExportedCell) -> Scalar:
        proof = None if of.measurement is None else of.measurement.proof
        return None if proof is None else float(getattr(proof.correctness, field))

    return read


def _read_failure(of: ExportedCell) -> Scalar:
    reason = of.run.contents.summary.failed.get(of.cell.id)
    return None if reason is None else reason.code


NUMBER_COLUMNS = (
    ExportColumn("failure", "text", "code of the reason why the cell has no numbers; missing if it has", _read_failure),
    *_metric_columns(),
    ExportColumn("unit", "text", "what throughput counts", lambda of: of.cell.unit),
    ExportColumn("confidence_ratio", "number", "of the intervals", lambda of: of.run.contents.plan.policy.confidence),
    ExportColumn("latency_p50_s", "number", "median of all samples", _read_summary(lambda summary: summary.latency_percentiles_s.get("p50"))),
    ExportColumn("latency_p90_s", "number", "90th percentile of all samples", _read_summary(lambda summary: summary.latency_percentiles_s.get("p90"))),
    ExportColumn("latency_p99_s", "number", "99th percentile of all samples", _read_summary(lambda summary: summary.latency_percentiles_s.get("p99"))),
    ExportColumn("repetitions", "integer", "that the numbers rest on, each in fresh processes; invalid ones only where all are", _read_summary(lambda summary: summary.repetitions)),
    ExportColumn("invalid_repetitions", "integer", "voided by noise", _read_summary(lambda summary: summary.invalid_repetitions)),
    ExportColumn("samples", "integer", "of those repetitions", _read_summary(lambda summary: summary.samples)),
    ExportColumn("outliers", "integer", "samples far outside the quartiles; kept", _read_summary(lambda summary: summary.outliers)),
    ExportColumn("detectable_ratio", "number", "smallest change that two such measurements would show", _read_summary(lambda summary: summary.detectable_ratio)),
    ExportColumn("peak_ratio", "number", "share of the peak that bounds the cell", _read_summary(lambda summary: summary.roofline_ratio)),
    ExportColumn("bound_by", "text", "which peak that is: `compute` or `memory`", _read_summary(lambda summary: summary.bound_by)),
    ExportColumn("prepare_s", "number", "casting, laying out, quantizing", _read_summary(lambda summary: summary.cold_s.get("prepare"))),
    ExportColumn("compile_s", "number", "in compilers before the first call", _read_summary(lambda summary: summary.cold_s.get("compile"))),
    ExportColumn("load_s", "number", "loading what was compiled", _read_summary(lambda summary: summary.cold_s.get("load"))),
    ExportColumn("relative_error", "number", "of the outputs, against eager fp32", _read_proof("relative_error")),
    ExportColumn("cosine_similarity", "number", "of the outputs, against eager fp32", _read_proof("cosine_similarity")),
    ExportColumn("marks", "text", "what a reader must know, as words with blanks between", _read_summary(lambda summary: " ".join(summary.marks))),
)  # fmt: skip
"""The results."""

CELL_COLUMNS = (*IDENTITY_COLUMNS, *RUN_COLUMNS, *NUMBER_COLUMNS)
"""Of a row for each cell."""

SAMPLE_KINDS: Mapping[str, tuple[Kind, str]] = MappingProxyType(
    {
        "repetition": ("integer", "index in the cell, from 0, invalid ones counted"),
        "instance": ("integer", "index of the worker process, from 0"),
        "invalid": ("text", "codes of the noise that voided the repetition; empty if it is valid"),
        "stage": ("text", "`warmup` or `timed`"),
        "sample": ("integer", "index in its stage, from 0"),
        "start_ns": ("integer", "on the host's monotonic clock"),
        "elapsed_ns": ("integer", "of the whole block of calls"),
        "iterations": ("integer", "calls in the block"),
        "latency_s": ("number", "seconds a call: elapsed time over iterations"),
    }
)
"""Columns of a row for each sample, after those of its cell's identity."""


def list_kinds(*, samples: bool) -> dict[str, Kind]:
    """Return the columns of a table with their types, in order."""
    columns = IDENTITY_COLUMNS if samples else CELL_COLUMNS
    kinds = {column.name: column.kind for column in columns}
    return kinds | {name: kind for name, (kind, _) in SAMPLE_KINDS.items()} if samples else kinds


_INTRODUCTION = (
    "`bench export` writes these columns as csv, parquet and jsonl. Read columns by their names: later versions add "
    "some, and none is renamed or changes its meaning. Units are in the names: `_s` seconds, `_ns` nanoseconds, `_per_s` a "
    "second, `_bytes` bytes, `_ratio` a share of one."
)


def render_documentation() -> str:
    """Return the page that documents the columns."""
    identity = ", ".join(f"`{column.name}`" for column in IDENTITY_COLUMNS)
    return "\n".join(
        (
            "# Columns of exported tables",
            "",
            _INTRODUCTION,
            "",
            "## A row for each cell",
            "",
            *_render_rows([(column.name, column.kind, column.meaning) for column in CELL_COLUMNS]),
            "",
            "## A row for each sample, with `--samples`",
            "",
            f"First the columns that name the cell, as above: {identity}. Then:",
            "",
            *_render_rows([(name, kind, meaning) for name, (kind, meaning) in SAMPLE_KINDS.items()]),
            "",
        )
    )


def _render_rows(rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    yield "| column | type | meaning |"
    yield "|---|---|---|"
    for name, kind, meaning in rows:
        yield f"| `{name}` | {kind} | {meaning} |"
