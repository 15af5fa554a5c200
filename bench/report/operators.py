"""The operators as text: for each cell a table by own time."""

from collections.abc import Iterator, Sequence

from bench.records.measurement import OperatorProfile
from bench.report.cases import describe_case
from bench.report.printable import PrintableText, join_lines
from bench.report.rows.operators import OperatorShare, OperatorsRow, list_shares
from bench.report.table import Column, render_table
from bench.report.units import format_seconds, scale_quantity

_COLUMNS = (
    Column("operator"),
    Column("own time\nms", "right"),
    Column("share\n%", "right"),
    Column("calls", "right", rank=1),
)


def render_operators(rows: Sequence[OperatorsRow], width: int | None = None) -> PrintableText:
    """Return a table for each cell with a profile, and the cells of which none was recorded.

    Args:
        rows: Of a run.
        width: That tables fit into, in characters; None for whole tables.
    """
    lines: list[str] = []
    for row in rows:
        if row.profile is not None:
            side = "" if row.side is None else f", side {row.side}"
            lines += [f"{row.cell}: {describe_case(row.case)}, {row.layout}{side}", *_describe(row.profile, width), ""]
    missing = [row.cell for row in rows if row.profile is None]
    if len(missing) == len(rows):
        return join_lines(["no operators were recorded in this run"])
    if missing:
        lines += [f"not recorded: {', '.join(missing)}", ""]
    return join_lines([*lines, _LEGEND])


_LEGEND = (
    "own time: of one untimed call under torch's profiler, without the operators that an operator called; share: of that "
    "call's time. What compiled programs and other engines compute has no operators of its own."
)


def _describe(profile: OperatorProfile, width: int | None) -> Iterator[str]:
    yield f"  one call of {format_seconds(profile.elapsed_ns / 1e9)}"
    yield ""
    yield render_table(_COLUMNS, [format_share(share) for share in list_shares(profile)], width)


def format_share(share: OperatorShare) -> tuple[str, str, str, str]:
    """Return name, milliseconds of its own, percent of the call, and calls."""
    calls = "" if share.calls is None else str(share.calls)
    return (share.name, scale_quantity(share.own_ns / 1e9, "s"), f"{100 * share.share_ratio:.1f}", calls)
