"""Change of each cell from base to new, with its interval and the margin."""

from collections.abc import Sequence

import altair as alt

from bench.records.verdict import CellVerdict
from bench.report.html.charts.theme import ACCENT, GRID, INK, MUTED, WARNING, WIDTH, Chart, apply_theme

_COLOURS = {"faster": ACCENT, "equivalent": MUTED, "no difference shown": MUTED, "slower": WARNING}
_SHAPES = {
    "faster": "triangle-left",
    "equivalent": "circle",
    "no difference shown": "square",
    "slower": "triangle-right",
}


LEGEND = (
    ("accent", "◀", "faster"),
    ("muted", "●", "equivalent"),
    ("muted", "■", "no difference shown"),
    ("warning", "▶", "slower"),
)


def specify() -> Chart:
    """Return the chart: a row for each cell that has a ratio."""
    base = alt.Chart(alt.NamedData("cells"), width=WIDTH, height=alt.Step(19)).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(grid=True, ticks=False, domain=False, labelColor=INK)),
        color=alt.Color(
            "verdict:N", legend=None, scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values()))
        ),
        shape=alt.Shape("verdict:N", legend=None, scale=alt.Scale(domain=list(_SHAPES), range=list(_SHAPES.values()))),
    )
    x = alt.X("low:Q", title="change of latency, % (to the right is slower)", scale=alt.Scale(zero=True))
    margin = alt.Chart(alt.NamedData("margin")).mark_rect(color=GRID, opacity=0.7).encode(x=alt.X("low:Q"), x2="high:Q")
    zero = alt.Chart(alt.NamedData("zero")).mark_rule(color=MUTED).encode(x="low:Q")
    bars = base.mark_rule(strokeWidth=3, strokeCap="round", opacity=0.45).encode(x=x, x2="high:Q")
    points = base.mark_point(filled=True, size=56, opacity=1).encode(x="point:Q")
    return apply_theme(alt.layer(margin, zero, bars, points))


def fill(
    cells: Sequence[CellVerdict], labels: Sequence[str], margin_ratio: float
) -> dict[str, list[dict[str, object]]]:
    """Return the data, in percent.

    Args:
        cells: Of a comparison; those without a ratio have no row.
        labels: Their names, in the same order.
        margin_ratio: Within which latencies are equivalent.
    """
    rows: list[dict[str, object]] = [
        {
            "label": label,
            "verdict": cell.outcome.replace("_", " "),
            "point": (cell.ratio.point - 1) * 100,
            "low": (cell.ratio.low - 1) * 100,
            "high": (cell.ratio.high - 1) * 100,
        }
        for cell, label in zip(cells, labels, strict=True)
        if cell.ratio is not None
    ]
    margin: dict[str, object] = {"low": (1 / (1 + margin_ratio) - 1) * 100, "high": margin_ratio * 100}
    return {"cells": rows, "margin": [margin], "zero": [{"low": 0}]}
