"""The pictures of a page, each with a caption that says what it shows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import cycle
from typing import NamedTuple

from markupsafe import Markup

from bench.records.case import Precision
from bench.records.verdict import Comparison
from bench.report.cases import describe_case
from bench.report.html.charts import change, latency, machines, roofline, timeline
from bench.report.html.charts.theme import ARITHMETIC, find_arithmetic
from bench.report.html.names import name_cells
from bench.report.html.picture import draw
from bench.report.html.run import PageRun
from bench.report.rows.cells import CellRow
from bench.report.units import format_bytes

ROWS_MAX = 400
"""Cells that one picture names at most: beyond, names are no longer read, and the page's bytes go."""


class Figure(NamedTuple):
    """A picture with its caption.

    Attributes:
        id: Of the element, unique in its page.
        legend: Colour, symbol and meaning of each kind of mark.
    """

    id: str
    caption: str
    svg: Markup
    legend: Sequence[tuple[str, str, str]] = ()


def draw_latency(run: PageRun) -> Figure | None:
    """Return the latencies with intervals; None without cells that have a number."""
    rows = run.report.rows.cells[:ROWS_MAX]
    if not rows:
        return None
    svg = draw(
        "latency",
        latency.fill(rows, run.names),
        title="Latency of each cell with its interval; the table Results has the numbers",
    )
    confidence = f"{run.report.plan.policy.confidence * 100:.3g}%"
    caption = f"Latency per iteration with its {confidence} interval. Colours are the data types that are multiplied."
    return Figure(f"{run.prefix}-latency", caption, svg, _list_arithmetic(row.case.precision for row in rows))


def draw_rooflines(run: PageRun) -> Iterator[Figure]:
    """Return the roofline of each layout that has ceilings and cells below them."""
    arithmetic = {cell.id: find_arithmetic(cell.case.precision) for cell in run.report.plan.cells}
    for ceiling in run.ceilings:
        cells = [row for row in run.roofline if row.layout == ceiling.layout][:ROWS_MAX]
        if not cells:
            continue
        data = roofline.fill(ceiling, cells, arithmetic, run.numbers)
        svg = draw(
            "roofline",
            data,
            title=f"Roofline of the layout {ceiling.layout}; the table Results has each cell's share of its peak",
        )
        held = (
            ""
            if ceiling.cache_bytes is None
            else f" Data within {format_bytes(ceiling.cache_bytes)} of caches pass the dashed line."
        )
        caption = (
            f"Roofline of the layout {ceiling.layout}. Ceilings are the best of this run's own probes: memory bandwidth "
            f"{ceiling.bytes_per_s / 1e9:.3g} GB/s (dashed), and the rate of each data type. Numbers are those of the "
            f"cells in the results.{held}"
        )
        legend = [(name, "●", name) for name in ARITHMETIC if name in {arithmetic[row.cell] for row in cells}]
        yield Figure(f"{run.prefix}-roofline-{ceiling.layout}", caption, svg, legend)


def draw_timeline(run: PageRun) -> Figure | None:
    """Return the probes and repetitions along the run; None of a run without any."""
    if not run.probes and not run.repetitions:
        return None
    data = timeline.fill(run.probes, run.repetitions)
    svg = draw(
        "timeline",
        data,
        title="Probes of the host and repetitions of all cells along the run; the table of noise has the numbers",
    )
    caption = (
        "Above: compute rate and memory bandwidth of the host's probes, as shares of the best one. Below: each repetition "
        "against the latency of its own cell; crosses are invalid repetitions."
    )
    every = timeline.count_per_mark(run.repetitions)
    if every > 1:
        caption += f" Of valid repetitions one in {every} is drawn."
    return Figure(f"{run.prefix}-timeline", caption, svg, timeline.LEGEND)


def draw_change(comparison: Comparison, identifier: str) -> Figure | None:
    """Return the changes of a comparison; None if no cell has a ratio."""
    cells = [cell for cell in comparison.cells if cell.ratio is not None][:ROWS_MAX]
    if not cells:
        return None
    names = name_cells([(cell.case, cell.layout, None) for cell in cells])
    svg = draw(
        "change",
        change.fill(cells, names, comparison.criteria.margin_ratio),
        title="Change of latency of each cell with its interval; the table of verdicts has the numbers",
    )
    margin = f"{comparison.criteria.margin_ratio * 100:.3g}%"
    caption = f"Change of latency from base to new with its interval. Within the grey band, a margin of {margin}, latencies count as equivalent."
    return Figure(identifier, caption, svg, change.LEGEND)


def draw_machines(runs: Sequence[PageRun], shared: Mapping[str, Mapping[str, CellRow]]) -> Figure | None:
    """Return the latencies of several runs beside one another; None if they share no cell.

    Args:
        runs: Of the page, in their order.
        shared: Case and layout in words → name of a run → its row.
    """
    if not shared:
        return None
    some = [next(iter(rows.values())) for rows in shared.values()]
    names = dict(zip(shared, name_cells([(row.case, row.layout, None) for row in some]), strict=True))
    data = machines.fill(
        {run.name: [(names[key], rows[run.name]) for key, rows in shared.items() if run.name in rows] for run in runs}
    )
    svg = draw(
        "machines", data, title="Latency of the cells that several runs share; the table beside it has the numbers"
    )
    caption = "Latency of the cells that at least two runs have, with their intervals."
    legend = [(*symbol, run.name) for symbol, run in zip(cycle(machines.SYMBOLS), runs, strict=False)]
    return Figure("side-by-side-latency", caption, svg, legend)


def name_cell_fully(row: CellRow) -> str:
    """Return case and layout in words: equal for cells of two runs that are the same."""
    return f"{describe_case(row.case)}, {row.layout}"


def _list_arithmetic(precisions: Iterable[Precision]) -> list[tuple[str, str, str]]:
    used = set(map(find_arithmetic, precisions))
    return [(name, "●", name) for name in ARITHMETIC if name in used]
