"""The page of a history: cells with their series drawn, and their changes of level with what differs at each."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from bench.records.history import ChangeState, History, HistoryOutcome, HostHistory, LevelChange
from bench.report.cases import describe_configuration, name_case
from bench.report.comparison import describe_findings
from bench.report.history import (
    NOTHING_DIFFERS,
    OUTCOMES,
    STATES,
    describe_breaks,
    describe_criteria,
    describe_excluded,
)
from bench.report.html.charts import history as chart
from bench.report.html.document import render_document
from bench.report.html.names import name_cells
from bench.report.html.picture import draw
from bench.report.html.sections.figures import Figure
from bench.report.html.tables import Heading, Table, Tone, Value
from bench.report.reasons import describe_reason
from bench.report.units import format_change, format_range, format_ratio, format_seconds

MARKS_MAX = 8000
"""Runs that all pictures of a page draw at most; each is some 150 bytes."""

RUNS_MIN = 60
"""Newest runs that a picture draws at least."""

FIGURES_MAX = 100
"""Pictures of a page at most: those of cells with changes come first."""

_TONES: Mapping[ChangeState, Tone] = MappingProxyType(
    {"suspected": "bad", "confirmed": "bad", "refuted": "quiet", "acknowledged": "quiet", "undone": "quiet"}
)
_OUTCOME_TONES: Mapping[HistoryOutcome, Tone] = MappingProxyType(
    {"no_regression": "good", "regression": "bad", "suspected": "bad", "too_few_runs": "quiet"}
)


class HostSection(NamedTuple):
    """The comparable runs of one host."""

    id: str
    title: str
    breaks: Sequence[str]
    cells: Table
    changes: Table | None
    figures: Sequence[Figure]


def render_history_page(history: History) -> str:
    """Return the page, the same for the same history."""
    cells = sum(len(host.cells) for host in history.hosts)
    runs = max(RUNS_MIN, MARKS_MAX // max(1, min(cells, FIGURES_MAX)))
    return render_document(
        "history.html.j2",
        title="History",
        promise=describe_criteria(history.criteria),
        outcome=OUTCOMES[history.outcome],
        tone=_OUTCOME_TONES[history.outcome],
        notes=[*describe_excluded(history), *map(describe_reason, history.notes)],
        hosts=list(_list_hosts(history, runs)),
    )


def _list_hosts(history: History, runs: int) -> Iterator[HostSection]:
    left = FIGURES_MAX
    for number, host in enumerate(history.hosts):
        names = name_cells([(cell.case, cell.layout, None) for cell in host.cells])
        figures = list(_draw_cells(host, names, f"host-{number}", runs))[:left]
        left -= len(figures)
        yield HostSection(
            id=f"host-{number}",
            title=f"Host {host.host.removeprefix('sha256:')[:12]}: {host.runs} comparable runs",
            breaks=list(describe_breaks(host.cells)),
            cells=_tabulate_cells(host, names, f"host-{number}-cells"),
            changes=_tabulate_changes(host, names, f"host-{number}-changes"),
            figures=figures,
        )


def _draw_cells(host: HostHistory, names: Sequence[str], prefix: str, runs: int) -> Iterator[Figure]:
    """Yield a picture of each cell, first of those that changed."""
    order = sorted(range(len(host.cells)), key=lambda index: not host.cells[index].changes)
    for index in order:
        cell = host.cells[index]
        begin = max(0, len(cell.points) - runs)
        sizes = [_describe_size(change) for change in cell.changes]
        first, last = cell.points[begin].started_at, cell.points[-1].started_at
        left_out = f" The {begin} runs before are not drawn." if begin else ""
        yield Figure(
            f"{prefix}-cell-{index}",
            f"{names[index]}: {len(cell.points) - begin} runs from {first[:10]} to {last[:10]}.{left_out}",
            draw(
                "history",
                chart.fill(cell, begin, sizes),
                title=f"Latency of {names[index]} in each run, with levels and changes; the tables have the numbers",
            ),
            chart.LEGEND,
        )


def _tabulate_cells(host: HostHistory, names: Sequence[str], identifier: str) -> Table:
    headings = [
        Heading("cell"),
        Heading("configuration"),
        Heading("layout"),
        Heading("runs", "", "number"),
        Heading("from"),
        Heading("to"),
        Heading("latency at first", "", "number"),
        Heading("latency now", "", "number"),
        Heading("changes", "", "number"),
        Heading("would show", "", "number", "smallest change that four of five such series would show within ten runs"),
    ]
    rows = []
    for cell, name in zip(host.cells, names, strict=True):
        first, now = cell.levels[0].latency_s, cell.levels[-1].latency_s
        detectable = cell.detectable_ratio
        rows.append(
            [
                Value(name, detail=name_case(cell.case)),
                Value(describe_configuration(cell.case)),
                Value(cell.layout),
                Value(str(len(cell.points)), len(cell.points)),
                Value(cell.points[0].started_at[:10]),
                Value(cell.points[-1].started_at[:10]),
                Value(format_seconds(first), first),
                Value(format_seconds(now), now),
                Value(str(len(cell.changes)), len(cell.changes)),
                Value("too few runs" if detectable is None else format_change(detectable), detectable),
            ]
        )
    return Table(identifier, "Cells", headings, rows, filter=True)


def _tabulate_changes(host: HostHistory, names: Sequence[str], identifier: str) -> Table | None:
    headings = [
        Heading("cell"),
        Heading("latency", "", "number"),
        Heading("95% interval", "", "none"),
        Heading("state"),
        Heading("first run after it"),
        Heading("what differs from the run before"),
    ]
    rows = [
        [
            Value(name),
            Value(_describe_size(change), change.ratio.point),
            Value(format_range(change.ratio)),
            Value(STATES[change.state], tone=_TONES[change.state] if change.direction == "slower" else "quiet"),
            Value(cell.points[change.first].run, detail=cell.points[change.first].bundle),
            Value("; ".join(describe_findings(change.differences)) or NOTHING_DIFFERS),
        ]
        for cell, name in zip(host.cells, names, strict=True)
        for change in cell.changes
    ]
    return Table(identifier, "Changes", headings, rows) if rows else None


def _describe_size(change: LevelChange) -> str:
    return f"{format_ratio(change.ratio.point)} {change.direction}"
