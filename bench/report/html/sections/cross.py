"""The cross table: each precision, format and backend of a workload against eager fp32."""

from bench.report.cases import name_precision
from bench.report.cell_texts import describe_speed_width
from bench.report.html.run import PageRun, link_cell
from bench.report.html.tables import Heading, Table, Value, drop_empty_columns
from bench.report.rows.cross import CrossRow
from bench.report.units import format_seconds

_HEADINGS = (
    Heading("workload"),
    Heading("precision"),
    Heading("format"),
    Heading("backend"),
    Heading("latency", "", "number"),
    Heading("speed", "", "number", "latency of eager fp32 over this latency"),
    Heading("±", "%", "number", "half of the interval's width"),
    Heading("error", "", "number", "relative error of the outputs"),
    Heading("quantized", "", "none", "operations, or linear layers, that were quantized, of those that can"),
    Heading("compile", "", "number"),
    Heading("load", "", "number"),
    Heading("first call", "", "number"),
    Heading("break-even", "calls", "number"),
)


def tabulate_cross(run: PageRun) -> Table | None:
    """Return the cross table; None if the run has nothing to compare."""
    rows = run.report.rows.cross
    if not rows:
        return None
    notes = [
        "Speed: latency of eager fp32 over this latency.",
        "Break-even calls: after so many calls, the time before the second call is won back from eager in the same precision.",
        "Unknown: the intervals do not show whether its calls are faster.",
    ]
    lines = [_list_values(run, row) for row in rows]
    return drop_empty_columns(Table(f"{run.prefix}-cross", "Against eager fp32", _HEADINGS, lines, notes))


def _list_values(run: PageRun, row: CrossRow) -> list[Value]:
    case = row.case
    mode = "" if case.mode == "inference" else case.mode
    calls = row.break_even_calls
    return [
        Value(" ".join(filter(None, (case.workload, case.phase, mode))), link=link_cell(run, row.cell)),
        Value(name_precision(case)),
        Value(case.memory_format),
        Value(case.backend),
        Value(format_seconds(row.latency_s), row.latency_s),
        Value(f"{row.speed_ratio.point:.2f}×", row.speed_ratio.point),
        Value(describe_speed_width(row), row.speed_ratio.half_width_ratio),
        Value("" if row.relative_error is None else f"{row.relative_error:.1e}", row.relative_error),
        Value(row.int8_operations or row.quantized_layers or ""),
        _seconds(row.compile_s),
        _seconds(row.load_s),
        _seconds(row.first_call_s),
        Value("" if calls is None else str(calls), calls if isinstance(calls, int) else None),
    ]


def _seconds(seconds: float) -> Value:
    return Value(format_seconds(seconds) if seconds else "", seconds)
