"""Latency of each cell with its interval."""

from collections.abc import Mapping, Sequence

import altair as alt

from bench.report.html.charts.theme import (
    INK,
    WIDTH,
    Chart,
    apply_theme,
    arithmetic_colour,
    find_arithmetic,
)
from bench.report.rows.cells import CellRow


def specify() -> Chart:
    """Return the chart: a row for each cell, on a logarithmic axis."""
    base = alt.Chart(alt.NamedData("cells"), width=WIDTH, height=alt.Step(19)).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(grid=True, ticks=False, domain=False, labelColor=INK)),
        color=arithmetic_colour(),
    )
    scale = alt.Scale(type="log", nice=False, padding=12)
    axis = alt.Axis(tickCount=6, format="~g")
    latency = alt.X("low:Q", scale=scale, axis=axis, title="latency, ms (logarithmic)")
    bars = base.mark_rule(strokeWidth=3, strokeCap="round", opacity=0.45).encode(x=latency, x2="high:Q")
    points = base.mark_point(filled=True, size=46, opacity=1).encode(x="point:Q")
    return apply_theme(alt.layer(bars, points))


def fill(cells: Sequence[CellRow], labels: Mapping[str, str]) -> dict[str, list[dict[str, object]]]:
    """Return the data, in milliseconds.

    Args:
        cells: With a number.
        labels: Cell → its name in the chart.
    """
    return {
        "cells": [
            {
                "label": labels[row.cell],
                "arithmetic": find_arithmetic(row.case.precision),
                "point": row.latency_s.point * 1e3,
                "low": max(row.latency_s.low, 1e-12) * 1e3,
                "high": row.latency_s.high * 1e3,
            }
            for row in cells
        ]
    }
