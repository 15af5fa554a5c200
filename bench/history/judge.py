"""From series to a history: changes of level with their sizes, what differs at each, and the outcome. Pure."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import exp

import numpy as np

from bench.history.columns import Columns
from bench.history.known import find_known, find_unused
from bench.history.series import CellSeries, HostSeries, find_differences
from bench.records.history import (
    CellHistory,
    ChangeState,
    Excluded,
    History,
    HistoryCriteria,
    HistoryOutcome,
    HostHistory,
    KnownChange,
    Level,
    LevelChange,
    Point,
)
from bench.records.summary import Interval
from bench.stats.change_limits import ChangeLimits
from bench.stats.change_points import Change, Found, Series, find_changes
from bench.stats.level import Segment, estimate_step, find_between, find_detectable, find_level
from bench.stats.ratio import interval

Search = Callable[[Sequence[Series], float], Found]

INTERVAL_LEVEL = 0.05
"""One less the confidence of the interval of a change's size."""


def judge_history(
    columns: Columns,
    bundles: Sequence[str],
    hosts: Sequence[HostSeries],
    limits: ChangeLimits,
    *,
    known: Sequence[KnownChange] = (),
    excluded: Sequence[Excluded] = (),
    search: Search = find_changes,
) -> History:
    """Return a history.

    Args:
        columns: Of runs in the order in which they began.
        bundles: Path of each run's bundle.
        hosts: The series, of `group_series`.
        limits: Of the search.
        known: Changes that somebody acknowledges.
        excluded: Bundles that take no part.
        search: Searches the series of a host.
    """
    judged = tuple(_judge_host(columns, bundles, host, limits, known, search) for host in hosts)
    changes = [change for host in judged for cell in host.cells for change in cell.changes]
    used = [change.acknowledged for change in changes if change.acknowledged is not None]
    return History(
        criteria=HistoryCriteria(
            false_alarms=limits.false_alarms, runs=limits.runs, cells=limits.cells, tail=limits.tail
        ),
        hosts=judged,
        outcome=conclude(judged),
        excluded=tuple(excluded),
        notes=find_unused(known, used),
    )


def conclude(hosts: Iterable[HostHistory]) -> HistoryOutcome:
    """Return the outcome of a history. One that is too short to show any change is no success."""
    cells = [cell for host in hosts for cell in host.cells]
    slower = {change.state for cell in cells for change in cell.changes if change.direction == "slower"}
    if "confirmed" in slower:
        return "regression"
    if "suspected" in slower:
        return "suspected"
    able = any(cell.detectable_ratio is not None or cell.changes for cell in cells)
    return "no_regression" if able else "too_few_runs"


def _judge_host(  # noqa: PLR0917 - one way through
    columns: Columns,
    bundles: Sequence[str],
    host: HostSeries,
    limits: ChangeLimits,
    known: Sequence[KnownChange],
    search: Search,
) -> HostHistory:
    found = search([cell.series for cell in host.cells], limits.tail)
    by_cell: dict[int, list[Change]] = {}
    for change in found.changes:
        by_cell.setdefault(change.series, []).append(change)
    cells = tuple(
        _judge_cell(columns, bundles, cell, by_cell.get(number, []), found.autocorrelations[number], limits.tail, known)
        for number, cell in enumerate(host.cells)
    )
    return HostHistory(host=host.host, runs=len(host.runs), cells=cells)


def _judge_cell(  # noqa: PLR0917 - one way through
    columns: Columns,
    bundles: Sequence[str],
    cell: CellSeries,
    changes: Sequence[Change],
    autocorrelation: float,
    tail: float,
    known: Sequence[KnownChange],
) -> CellHistory:
    bounds = [0, *(change.first for change in changes), len(cell.rows)]
    segments = [
        Segment(cell.series.values[begin:end], cell.series.variances[begin:end]) for begin, end in pairwise(bounds)
    ]
    between = find_between(tuple(segments))
    levels = [find_level(segment, between) for segment in segments]
    judged = []
    for number, change in enumerate(changes):
        before, after = segments[number], segments[number + 1]
        ratio = interval(estimate_step(before, after, autocorrelation), INTERVAL_LEVEL)
        first = columns.runs[int(columns.points["run"][cell.rows[change.first]])].run_id
        entry = find_known(known, first, cell.case, cell.layout)
        judged.append(
            LevelChange(
                before=change.first - 1,
                first=change.first,
                found=change.found,
                direction="slower" if ratio.point > 1 else "faster",
                ratio=ratio,
                state=_find_state(levels[number:], entry),
                differences=find_differences(columns, int(cell.rows[change.first - 1]), int(cell.rows[change.first])),
                acknowledged=entry,
            )
        )
    return CellHistory(
        case=cell.case,
        layout=cell.layout,
        points=tuple(_make_points(columns, bundles, cell.rows)),
        levels=tuple(
            Level(first=begin, last=end - 1, latency_s=exp(level))
            for (begin, end), level in zip(pairwise(bounds), levels, strict=True)
        ),
        changes=tuple(judged),
        breaks=cell.breaks,
        autocorrelation=autocorrelation,
        detectable_ratio=find_detectable(segments[-1], autocorrelation, tail),
    )


def _find_state(levels: Sequence[float], entry: KnownChange | None) -> ChangeState:
    """Return the state of a change.

    Args:
        levels: Before it, after it, and of each later segment.
        entry: That acknowledges it.
    """
    if entry is not None:
        return "acknowledged"
    before, after, newest = levels[0], levels[1], levels[-1]
    undone = after > before and newest < (before + after) / 2
    return "undone" if undone else "suspected"


def _make_points(columns: Columns, bundles: Sequence[str], rows: np.ndarray) -> Iterable[Point]:
    points = columns.points
    names = ("run", "repetitions", "latency_s", "low_s", "high_s")
    for run, repetitions, point, low, high in zip(*(points[name][rows].tolist() for name in names), strict=True):
        yield Point(
            run=columns.runs[run].run_id,
            bundle=bundles[run],
            started_at=columns.runs[run].started_at,
            repetitions=repetitions,
            latency_s=Interval(point=point, low=low, high=high),
        )
