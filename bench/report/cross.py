"""The cross table as text."""

from collections.abc import Sequence

from bench.report.cases import name_precision
from bench.report.cell_texts import describe_speed_width
from bench.report.printable import PrintableText, join_lines
from bench.report.rows.cross import CrossRow
from bench.report.table import Column, render_table
from bench.report.units import format_seconds

_COLUMNS = (
    Column("workload"),
    Column("precision"),
    Column("format", fold=1),
    Column("backend"),
    Column("latency", "right"),
    Column("speed", "right"),
    Column("±\n%", "right"),
    Column("error", "right", rank=1),
    Column("quantized", "right", rank=4),
    Column("compile", "right", rank=5),
    Column("load", "right", rank=6),
    Column("first call", "right", rank=3),
    Column("break-even\ncalls", "right", rank=2),
)

_LEGEND = (
    "speed: latency of eager fp32 over this latency, ±: half of its interval. error: relative error of the outputs."
)
_LEGEND_QUANTIZED = " quantized: operations, or linear layers, that were quantized, of those that can."
_LEGEND_BREAK_EVEN = (
    "break-even calls: after so many calls, the time for compiling, loading and the first call is won back from eager in "
    "the same precision; unknown: intervals do not show whether it is faster."
)


def render_cross_table(rows: Sequence[CrossRow], width: int | None = None) -> PrintableText:
    """Return the table, no wider than asked, with its heading and the legend of the columns that have values."""
    table = render_table(_COLUMNS, [_describe(row) for row in rows], width)
    quantized = any(row.int8_operations or row.quantized_layers for row in rows)
    legend = [_LEGEND + (_LEGEND_QUANTIZED if quantized else "")]
    if any(row.break_even_calls is not None for row in rows):
        legend.append(_LEGEND_BREAK_EVEN)
    return join_lines(["against eager fp32:", "", table, "", *legend])


def _describe(row: CrossRow) -> tuple[str, ...]:
    case = row.case
    mode = "" if case.mode == "inference" else case.mode
    return (
        " ".join(filter(None, (case.workload, case.phase, mode))),
        name_precision(case),
        case.memory_format,
        case.backend,
        format_seconds(row.latency_s),
        f"{row.speed_ratio.point:.2f}×",
        describe_speed_width(row),
        "" if row.relative_error is None else f"{row.relative_error:.1e}",
        row.int8_operations or row.quantized_layers or "",
        format_seconds(row.compile_s) if row.compile_s else "",
        format_seconds(row.load_s) if row.load_s else "",
        format_seconds(row.first_call_s),
        "" if row.break_even_calls is None else str(row.break_even_calls),
    )
