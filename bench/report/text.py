"""A run's report as text: what `run`, `ab` and `show` print."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from bench.records.plan import Plan, Policy
from bench.records.summary import Drift, Mark
from bench.records.variant import describe_variant
from bench.report.case_columns import make_case_columns
from bench.report.cases import describe_case
from bench.report.cell_texts import describe_layout, describe_metric, describe_share, describe_width
from bench.report.comparison import render_comparison
from bench.report.cross import render_cross_table
from bench.report.decode import render_decode_table
from bench.report.machine import describe_calibration, describe_choice, describe_machine
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.report.rows.cells import CellRow, FailedRow, StagesRow
from bench.report.run_report import RunReport
from bench.report.sources import describe_sources
from bench.report.table import Column, render_table
from bench.report.tuning import render_tuning
from bench.report.units import format_significant, scale_quantity, scale_unit
from bench.stats.metrics import Metric, find_column_metrics

NUMBER_COLUMNS = (
    Column("latency\nms", "right"),
    Column("±\n%", "right"),
    Column("throughput\n/s", "right", rank=2),
    Column("±\n%", "right", rank=3),
    Column("items", rank=6),
    Column("% of peak", "right"),
    Column("first call\nms", "right", rank=5),
)
LAST_COLUMNS = (Column("n", "right", rank=7), Column("", "left"))

MARK_LETTERS: Mapping[Mark, str] = MappingProxyType(
    {
        "steady_state_not_reached": "u",
        "sliding": "s",
        "wide_latency": "w",
        "wide_throughput": "t",
        "single_repetition": "o",
        "few_repetitions": "f",
        "above_peak": "p",
        "noisy_host": "n",
    }
)
"""Mark → its letter in the last column."""

CLOCK_STEP_S = 1.0
"""A wall clock that was set by this much or more gets a line."""

DRIFT_WARNING = 1.10
"""Probes that changed by more than this factor get a line: such a drift could explain a 10% difference of cells."""


def render_text(report: RunReport, width: int | None = None) -> PrintableText:
    """Return the whole report: machine and profile, the tables, what failed or was refused, warnings, the verdict.

    Args:
        report: Of the run.
        width: That tables fit into, in characters; None for whole tables.
    """
    rows, info = report.rows, report.info
    lines = _head(report)
    if rows.cells:
        lines += [*_table(rows.cells, width), "", *_legend(rows.cells, report.plan.policy)]
        lines += [_describe_stages(row) for row in rows.stages]
        lines += ["", render_cross_table(rows.cross, width), ""] if rows.cross else []
        lines += [*([] if rows.cross else [""]), render_decode_table(rows.decode, width), ""] if rows.decode else []
    lines += [_describe_failed(row) for row in rows.failed]
    lines += [
        f"refused {describe_case(refusal.case)}: {describe_reason(refusal.reason)}" for refusal in report.plan.refused
    ]
    lines += describe_sources(report.plan.sources)
    lines += [_describe_drift(drift) for drift in report.summary.drift if _is_worth_a_warning(drift)]
    if report.calibration is not None:
        lines.append(describe_calibration(report.calibration))
    if abs(info.clock_step_s or 0.0) >= CLOCK_STEP_S:
        lines.append(f"the wall clock was set by {info.clock_step_s:+.0f} s during the run; no number rests on it")
    if report.machine.cpu.emulated:
        lines.append("EMULATED: this architecture is emulated here; the numbers do not describe a CPU")
    if info.cites is not None:
        lines.append(f"repeats run {info.cites.run_id}, {info.cites.content_digest}")
    if report.comparison is not None:
        lines += ["", *_describe_sides(report.plan), "", render_comparison(report.comparison, width)]
    if report.tuning is not None:
        lines += ["", render_tuning(report.tuning, width)]
    return join_lines([*lines, f"bundle: {report.bundle}", ""])


def _head(report: RunReport) -> list[str]:
    plan = report.plan
    runtimes = {f"openmp {layout.runtime.openmp}, allocator {layout.runtime.allocator}" for layout in plan.layouts}
    lines = [
        describe_machine(report.machine),
        describe_choice(plan.profile),
        "; ".join(sorted(runtimes)),
    ]
    return lines if report.info.note is None else [*lines, f"note: {report.info.note}"]


def _table(rows: Sequence[CellRow], width: int | None) -> list[str]:
    """Return the table. A value that all cells share is printed above it instead of in a column."""
    metrics = find_column_metrics(row.metrics for row in rows)
    cases = make_case_columns([(row.case, describe_layout(row), row.side) for row in rows])
    columns = (
        *cases.columns,
        *NUMBER_COLUMNS,
        *(Column(f"{metric.column}\n{scale_unit(metric.unit)}".strip(), "right", rank=4) for metric in metrics),
        *LAST_COLUMNS,
    )
    lines = [(*values, *_numbers(row, metrics)) for values, row in zip(cases.rows, rows, strict=True)]
    return [*filter(None, (cases.common,)), "", render_table(columns, lines, width)]


def _numbers(row: CellRow, metrics: Sequence[Metric]) -> tuple[str, ...]:
    return (
        scale_quantity(row.latency_s.point, "s"),
        describe_width(row.marks, row.latency_s),
        format_significant(row.throughput_per_s.point),
        describe_width(row.marks, row.throughput_per_s),
        row.unit,
        describe_share(row),
        scale_quantity(row.first_call_s, "s"),
        *(describe_metric(row, metric) for metric in metrics),
        f"{row.repetitions}×{row.samples // row.repetitions}",
        _marks(row),
    )


def _marks(row: CellRow) -> str:
    letters = "".join(letter for mark, letter in MARK_LETTERS.items() if mark in row.marks)
    return f"{letters}i{row.invalid_repetitions}" if row.invalid_repetitions else letters


def _legend(rows: Sequence[CellRow], policy: Policy) -> Iterator[str]:
    """Explain the columns, and the marks that occur."""
    yield (
        f"±: half of the {policy.confidence * 100:.3g}% interval. n: repetitions × samples. "
        "first call: with empty compiler caches."
    )
    yield (
        "% of peak: share of the compute rate, or of the memory bandwidth, that this run's probes reached; "
        "each cell is compared with the one that bounds it."
    )
    target = f"wider than the ±{policy.target_ci_ratio * 100:.3g}% asked for"
    sentences: dict[Mark, str] = {
        "steady_state_not_reached": "steady state not reached",
        "sliding": "the last third of the samples differs from the first",
        "wide_latency": f"latency interval {target}",
        "wide_throughput": f"throughput interval {target}",
        "single_repetition": "single repetition",
        "few_repetitions": "fewer than five repetitions; half of their range is in brackets",
        "above_peak": "above the peak that the probes reached",
        "noisy_host": "noisy host: no valid repetition, so the numbers rest on invalid ones",
    }
    occurring = {mark for row in rows for mark in row.marks}
    marks = [f"{MARK_LETTERS[mark]}: {sentence}" for mark, sentence in sentences.items() if mark in occurring]
    if any(row.invalid_repetitions for row in rows):
        marks.append("iN: N invalid repetitions")
    if marks:
        yield f"{'. '.join(marks)}."


def _describe_stages(row: StagesRow) -> str:
    total = sum(row.stages_s.values()) or 1.0
    shares = ", ".join(f"{stage} {seconds / total:.0%}" for stage, seconds in row.stages_s.items())
    return f"training step of {describe_case(row.case)}, {row.layout}: {shares}"


def _describe_failed(row: FailedRow) -> str:
    return f"no number for {describe_case(row.case)}, {row.layout}: {describe_reason(row.reason)}"


def _is_worth_a_warning(drift: Drift) -> bool:
    return max(drift.compute_ratio, drift.bandwidth_ratio) > DRIFT_WARNING


def _describe_drift(drift: Drift) -> str:
    return (
        f"drift: over {drift.probes} probes of layout {drift.layout}, compute changed by "
        f"{(drift.compute_ratio - 1):.0%} and memory bandwidth by {(drift.bandwidth_ratio - 1):.0%}"
    )


def _describe_sides(plan: Plan) -> Iterator[str]:
    for variant in plan.variants:
        yield f"side {variant.name}: {describe_variant(variant)}"
