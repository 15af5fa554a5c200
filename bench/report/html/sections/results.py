"""The main table: the numbers of each cell."""

from collections.abc import Iterator, Sequence

from bench.records.summary import Interval, Mark
from bench.report.case_columns import make_case_columns
from bench.report.cases import name_precision, name_workload
from bench.report.cell_texts import describe_layout, describe_metric, describe_share, describe_width
from bench.report.html.run import PageRun, link_cell
from bench.report.html.tables import Heading, Table, Value, drop_empty_columns, join_texts
from bench.report.rows.cells import CellRow
from bench.report.units import format_significant, scale_quantity, scale_unit
from bench.stats.metrics import Metric, find_column_metrics

MARKS: dict[Mark, str] = {
    "steady_state_not_reached": "steady state not reached",
    "sliding": "sliding samples",
    "wide_latency": "wide latency interval",
    "wide_throughput": "wide throughput interval",
    "single_repetition": "single repetition",
    "few_repetitions": "few repetitions",
    "above_peak": "above peak",
    "noisy_host": "noisy host",
}
"""Mark → what stands in the last column."""

_NUMBERS = (
    Heading("latency", "ms", "number"),
    Heading("±", "%", "number", "half of the interval's width"),
    Heading("throughput", "/s", "number"),
    Heading("±", "%", "number", "half of the interval's width"),
    Heading("of"),
    Heading("% of peak", "", "number", "share of the compute rate or memory bandwidth that this run's probes reached"),
    Heading("first call", "ms", "number", "with empty compiler caches"),
)
_LAST = (
    Heading("n", "", "none", "repetitions × samples"),
    Heading("what to know"),
)


def tabulate_results(run: PageRun) -> Table:
    """Return the main table; its first column is the number that the cell has in pictures."""
    rows = run.report.rows.cells
    metrics = find_column_metrics(row.metrics for row in rows)
    policy = run.report.plan.policy
    headings = [
        Heading("#", "", "number"),
        Heading("workload"),
        Heading("precision"),
        Heading("backend"),
        *_NUMBERS,
        *(Heading(metric.column, scale_unit(metric.unit), "number") for metric in metrics),
        *_LAST,
    ]
    lines = [
        [
            Value(str(run.numbers[row.cell]), run.numbers[row.cell]),
            Value(name_workload(row.case, {}), link=link_cell(run, row.cell), detail=join_texts(details)),
            Value(name_precision(row.case)),
            Value(row.case.backend),
            *_list_numbers(row, metrics),
        ]
        for row, details in zip(rows, _list_details(rows), strict=True)
    ]
    notes = [
        _describe_common(rows),
        f"±: half of the {policy.confidence * 100:.3g}% interval; of fewer than five repetitions half of their range, in brackets.",
        "% of peak: each cell is compared with the resource that bounds it, compute or memory.",
        f"Wide: wider than the ±{policy.target_ci_ratio * 100:.3g}% asked for.",
    ]
    table = Table(f"{run.prefix}-results", "Results", headings, lines, [note for note in notes if note], filter=True)
    return drop_empty_columns(table)


def _describe_common(rows: Sequence[CellRow]) -> str:
    common = make_case_columns([(row.case, describe_layout(row), row.side) for row in rows]).common
    return f"{common[0].upper()}{common[1:]}." if common else ""


def _list_details(rows: Sequence[CellRow]) -> Iterator[list[str]]:
    """Yield what else tells a cell apart from the others: below its workload, to leave room for numbers."""
    columns = make_case_columns([(row.case, describe_layout(row), row.side) for row in rows])
    shown = {"precision", "backend"}
    for values in columns.rows:
        named = zip(columns.columns[1:], values[1:], strict=True)
        yield [_detail(column.header, value) for column, value in named if column.header not in shown]


def _detail(header: str, value: str) -> str:
    return f"{header} {value}" if header in {"batch", "side"} and value else value


def describe_marks(row: CellRow) -> str:
    """Return what limits the trust in a cell's numbers."""
    invalid = f"{row.invalid_repetitions} invalid repetitions" if row.invalid_repetitions else ""
    return join_texts(
        [*(MARKS[mark] for mark in row.marks), invalid.removesuffix("s" if row.invalid_repetitions == 1 else "")]
    )


def _list_numbers(row: CellRow, metrics: Sequence[Metric]) -> list[Value]:
    share = max(
        (ratio for ratio in (row.peak_compute_ratio, row.peak_bandwidth_ratio) if ratio is not None), default=None
    )
    return [
        Value(scale_quantity(row.latency_s.point, "s"), row.latency_s.point),
        _width(row, row.latency_s),
        Value(format_significant(row.throughput_per_s.point), row.throughput_per_s.point),
        _width(row, row.throughput_per_s),
        Value(row.unit),
        Value(describe_share(row), share),
        Value(scale_quantity(row.first_call_s, "s"), row.first_call_s),
        *(_metric(row, metric) for metric in metrics),
        Value(f"{row.repetitions}×{row.samples // row.repetitions}"),
        Value(describe_marks(row), tone="quiet"),
    ]


def _width(row: CellRow, interval: Interval) -> Value:
    return Value(describe_width(row.marks, interval), interval.half_width_ratio)


def _metric(row: CellRow, metric: Metric) -> Value:
    interval = row.metrics.get(metric.name)
    return Value(describe_metric(row, metric), None if interval is None else interval.point)
