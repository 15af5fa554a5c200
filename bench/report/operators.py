"""The operators as text: for each cell a table by own time."""

from collections.abc import Iterator, Sequence

from bench.records.measurement import OperatorProfile
from bench.report.cases import describe_case
from bench.report.printable import PrintableText, join_lines
from bench.report.rows.operators import OperatorsRow
from bench.report.table import Column, render_table
from bench.report.units import format_seconds, scale_quantity

_COLUMNS = (
    Column("operator"),
    Column("own time\nms", "right"),
    Column("share\n%", "right"),
    Column("calls", "right", rank=1),
)


def render_operators(rows: Sequence[OperatorsRow], width: int | None = None) -> PrintableText:
    """Return a table for each cell; for a cell without a profile, that none was recorded.

    Args:
        rows: Of a run.
        width: That tables fit into, in characters; None for whole tables.
    """
    lines: list[str] = []
    for row in rows:
        side = "" if row.side is None else f", side {row.side}"
        lines.append(f"{row.cell}: {describe_case(row.case)}, {row.layout}{side}")
        lines += ["  not recorded", ""] if row.profile is None else [*_describe(row.profile, width), ""]
    return join_lines([*lines, _LEGEND])


_LEGEND = (
    "own time: of one untimed call under torch's profiler, without the operators that an operator called; share: of that "
    "call's time. What compiled programs and other engines compute has no operators of its own."
)


def _describe(profile: OperatorProfile, width: int | None) -> Iterator[str]:
    table = [
        (entry.name, scale_quantity(entry.own_ns / 1e9, "s"), _share(entry.own_ns, profile), str(entry.calls))
        for entry in profile.operators
    ]
    listed_ns = sum(entry.own_ns for entry in profile.operators)
    if profile.own_ns > listed_ns:
        other_ns = profile.own_ns - listed_ns
        table.append(("all other operators", scale_quantity(other_ns / 1e9, "s"), _share(other_ns, profile), ""))
    yield f"  one call of {format_seconds(profile.elapsed_ns / 1e9)}, {_share(profile.own_ns, profile)}% of it in operators"
    if table:
        yield ""
        yield render_table(_COLUMNS, table, width)


def _share(own_ns: int, profile: OperatorProfile) -> str:
    return f"{100 * own_ns / profile.elapsed_ns:.1f}"
