"""Latency of the cells that several runs share, run by run."""

from collections.abc import Mapping, Sequence

import altair as alt

from bench.report.html.charts.theme import ACCENT, ARITHMETIC, INK, MUTED, WIDTH, Chart, apply_theme
from bench.report.rows.cells import CellRow

_COLOURS = (ACCENT, ARITHMETIC["bf16"], ARITHMETIC["int8"], ARITHMETIC["fp16"], MUTED)
_SHAPES = ("circle", "square", "diamond", "triangle-up", "triangle-down")


SYMBOLS = (("accent", "●"), ("bf16", "■"), ("int8", "◆"), ("fp16", "▲"), ("muted", "▼"))
"""Colour and shape of the first runs; with more runs they begin again."""


def specify() -> Chart:
    """Return the chart: a row for each cell, a mark for each run."""
    base = alt.Chart(alt.NamedData("cells"), width=WIDTH, height=alt.Step(26)).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(grid=True, ticks=False, domain=False, labelColor=INK)),
        yOffset=alt.YOffset("run:N", sort=None),
        color=alt.Color("run:N", legend=None, sort=None, scale=alt.Scale(range=list(_COLOURS))),
        shape=alt.Shape("run:N", legend=None, sort=None, scale=alt.Scale(range=list(_SHAPES))),
    )
    scale = alt.Scale(type="log", nice=False, padding=12)
    x = alt.X(
        "low:Q",
        scale=scale,
        axis=alt.Axis(tickCount=6, format="~g"),
        title="latency, ms (logarithmic)",
    )
    bars = base.mark_rule(strokeWidth=2.5, strokeCap="round", opacity=0.45).encode(x=x, x2="high:Q")
    points = base.mark_point(filled=True, size=40, opacity=1).encode(x="point:Q")
    return apply_theme(alt.layer(bars, points))


def fill(runs: Mapping[str, Sequence[tuple[str, CellRow]]]) -> dict[str, list[dict[str, object]]]:
    """Return the data, in milliseconds.

    Args:
        runs: Name of a run → name and row of each of its cells.
    """
    return {
        "cells": [
            {
                "run": run,
                "label": label,
                "point": row.latency_s.point * 1e3,
                "low": max(row.latency_s.low, 1e-12) * 1e3,
                "high": row.latency_s.high * 1e3,
            }
            for run, cells in runs.items()
            for label, row in cells
        ]
    }
