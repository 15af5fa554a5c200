"""A history as text: a row for each cell, each change with what differs at it, and the outcome with its exit status."""

import shlex
from collections.abc import Iterator, Sequence

from bench.records.history import (
    EXIT_STATUS,
    CellHistory,
    ChangeState,
    History,
    HistoryCriteria,
    HistoryOutcome,
    HostHistory,
    LevelChange,
    Rerun,
)
from bench.records.verdict import Finding
from bench.report.cases import describe_configuration, name_case
from bench.report.comparison import describe_findings
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.report.table import Column, render_table
from bench.report.units import format_change, format_range, format_ratio, format_seconds

COLUMNS = (
    Column("workload"),
    Column("", fold=1),
    Column("layout", fold=2),
    Column("runs", "right", rank=1),
    Column("from", rank=4),
    Column("to", rank=3),
    Column("latency\nat first", "right", rank=2),
    Column("latency\nnow", "right"),
    Column("auto\ncorrelation", "right", rank=5),
    Column("changes", "right"),
    Column("would show", "right"),
)

OUTCOMES: dict[HistoryOutcome, str] = {
    "no_regression": "no regression: no cell became slower, or each such change is acknowledged, undone, or refuted by a rerun",
    "regression": "regression: a rerun confirms that at least one cell became slower",
    "suspected": "suspected: at least one cell became slower, and no rerun has decided; bench history --confirm says how",
    "too_few_runs": "too few runs: no series is long enough to show a change",
}

STATES: dict[ChangeState, str] = {
    "suspected": "suspected",
    "confirmed": "confirmed by a rerun",
    "refuted": "refuted by a rerun",
    "acknowledged": "acknowledged",
    "undone": "undone by a later change",
}

NOTHING_DIFFERS = "nothing that is recorded differs between the two runs"

EXCLUDED_MAX = 10
"""Excluded bundles that are printed; more are counted."""


def render_history(history: History, width: int | None = None) -> PrintableText:
    """Return the whole history, with tables no wider than asked."""
    lines = [describe_criteria(history.criteria)]
    for host in history.hosts:
        lines += ["", *_render_host(host, width)]
    lines += ["", *describe_excluded(history), *map(describe_reason, history.notes)]
    lines.append(f"{OUTCOMES[history.outcome]} (exit status {EXIT_STATUS[history.outcome]})")
    return join_lines(lines)


def describe_criteria(criteria: HistoryCriteria) -> str:
    """Return what the search promises."""
    return (
        f"at most {criteria.false_alarms:.3g} false alarm is expected in {criteria.runs} runs of {criteria.cells} cells "
        "that do not change, each run looked at"
    )


def _render_host(host: HostHistory, width: int | None) -> Iterator[str]:
    yield f"host {host.host.removeprefix('sha256:')[:12]}: {host.runs} comparable runs"
    yield from describe_breaks(host.cells)
    yield render_table(COLUMNS, [_row(cell) for cell in host.cells], width)
    for cell in host.cells:
        for change in cell.changes:
            yield ""
            yield from _describe_change(cell, change)


def describe_breaks(cells: Sequence[CellHistory]) -> Iterator[str]:
    """Yield what separates the series from earlier ones of their cells, each once."""
    shown: list[Finding] = []
    for cell in cells:
        shown += [finding for finding in cell.breaks if finding not in shown]
    if shown:
        yield "break: not comparable with earlier runs of these cells"
        yield from (f"  {text}" for text in describe_findings(tuple(shown)))


def _row(cell: CellHistory) -> tuple[str, ...]:
    first, last = cell.points[0], cell.points[-1]
    return (
        name_case(cell.case),
        describe_configuration(cell.case),
        cell.layout,
        str(len(cell.points)),
        first.started_at[:10],
        last.started_at[:10],
        format_seconds(cell.levels[0].latency_s),
        format_seconds(cell.levels[-1].latency_s),
        f"{cell.autocorrelation:.2f}",
        str(len(cell.changes)),
        "too few runs" if cell.detectable_ratio is None else format_change(cell.detectable_ratio),
    )


def _describe_change(cell: CellHistory, change: LevelChange) -> Iterator[str]:
    before, first, found = (cell.points[index] for index in (change.before, change.first, change.found))
    ratio = change.ratio
    yield (
        f"{name_case(cell.case)}, {describe_configuration(cell.case)}, {cell.layout}: {change.direction}, "
        f"latency {format_ratio(ratio.point)} ({format_range(ratio)}), "
        f"{STATES[change.state]}"
    )
    yield f"  from run {before.run} to run {first.run} ({first.started_at}), found with run {found.run}"
    yield f"  first bundle after the change: {first.bundle}"
    if change.acknowledged is not None:
        known = change.acknowledged
        yield f"  acknowledged by {known.owner} on {known.date}: {known.reason}"
    findings = describe_findings(change.differences)
    yield from (f"  {text}" for text in findings or [NOTHING_DIFFERS])
    if change.rerun is not None:
        yield from _describe_rerun(change.rerun)


def _describe_rerun(rerun: Rerun) -> Iterator[str]:
    if rerun.comparison is not None:
        for verdict in rerun.comparison.cells:
            ratio = verdict.ratio
            size = "" if ratio is None else f", latency {format_ratio(ratio.point)} ({format_range(ratio)})"
            yield f"  rerun {rerun.bundle}: {verdict.outcome.replace('_', ' ')}{size}"
            yield from (f"    {describe_reason(reason)}" for reason in verdict.reasons)
        return
    for name, (a, b) in sorted(rerun.packages.items()):
        yield f"  side a needs {name} {a}, side b {name} {b}"
    yield "  to confirm:"
    yield from (f"    {shlex.join(command)}" for command in rerun.commands)
    for name, digest in rerun.files.items():
        yield f"  {name} is a file of whoever measured{'' if digest is None else f', {digest}'}: write its path"


def describe_excluded(history: History) -> Iterator[str]:
    """Yield the bundles that take no part, the first few by name."""
    for entry in history.excluded[:EXCLUDED_MAX]:
        yield f"excluded: {entry.bundle}: {describe_reason(entry.reason)}"
    if len(history.excluded) > EXCLUDED_MAX:
        yield f"excluded: {len(history.excluded) - EXCLUDED_MAX} bundles more"
