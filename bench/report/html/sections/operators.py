"""Where the time of one call of a cell goes: a table of its operators, folded below the longest one."""

from collections.abc import Sequence
from typing import NamedTuple

from bench.records.measurement import OPERATORS_MAX, OperatorProfile
from bench.report.operators import format_share
from bench.report.rows.operators import list_shares
from bench.report.units import format_seconds

ROWS_MAX = 1500
"""Operators that a page lists: a hundred bytes each."""

_ROWS_MIN = 5


class OperatorsTable(NamedTuple):
    """The operators of one profiled call.

    Attributes:
        summary: What is read while the table is folded.
        rows: What took the time, milliseconds of its own, percent of the call, calls.
    """

    summary: str
    rows: Sequence[tuple[str, str, str, str]]


def choose_rows(cells: int) -> int:
    """Return how many operators each table of a page with so many cells may list."""
    return max(_ROWS_MIN, min(OPERATORS_MAX, ROWS_MAX // max(1, cells)))


def tabulate_operators(profile: OperatorProfile, rows: int = OPERATORS_MAX) -> OperatorsTable:
    """Return the operators by own time, the longest first, and what is left of the call.

    Args:
        profile: Of one call.
        rows: Operators to list at most.
    """
    shares = list(list_shares(profile, limit=rows))
    longest = max(shares, key=lambda share: share.own_ns)
    return OperatorsTable(
        summary=(
            f"One call under torch's profiler, {format_seconds(profile.elapsed_ns / 1e9)}: "
            f"{100 * longest.share_ratio:.0f}% {longest.name}"
        ),
        rows=list(map(format_share, shares)),
    )
