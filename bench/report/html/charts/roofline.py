"""The roofline of one layout: the run's own ceilings, and each cell below them."""

from collections.abc import Mapping, Sequence

import altair as alt

from bench.records.peak import PeakPrecision
from bench.report.html.charts.theme import INK, MUTED, PAPER, WIDTH, Chart, apply_theme, arithmetic_colour, list_decades
from bench.report.rows.roofline import CeilingRow, RooflineRow

_BEYOND = 3.0
"""The axis of intensity goes beyond cells and ridges by this factor."""

_NAMES_WIDTH = 90
"""Beside the plotting area, in pixels, for the names of ceilings."""


def specify() -> Chart:
    """Return the chart, both axes logarithmic. Points have the numbers that their cells have in the table."""
    log = alt.Scale(type="log", nice=False, padding=14)
    x = alt.X(
        "intensity:Q",
        scale=log,
        title="operations per byte of least traffic",
        axis=alt.Axis(values=list_decades(-3, 7), format="~g"),
    )
    y = alt.Y(
        "rate:Q",
        scale=log,
        title="operations per second, one instance",
        axis=alt.Axis(values=list_decades(6, 18), format="~s"),
    )
    ceilings = alt.Chart(alt.NamedData("ceilings"), width=WIDTH - _NAMES_WIDTH, height=340).encode(x=x, y=y)
    lines = ceilings.mark_line(strokeWidth=1.6, opacity=0.85).encode(
        color=arithmetic_colour(), detail="ceiling:N", order="intensity:Q"
    )
    names = (
        alt.Chart(alt.NamedData("names"))
        .mark_text(align="left", baseline="middle", dx=6, fontSize=11, color=MUTED)
        .encode(x=x, y=y, text="name:N")
    )
    cells = alt.Chart(alt.NamedData("cells")).encode(x=x, y=y)
    points = cells.mark_point(filled=True, size=190, opacity=1, stroke=PAPER, strokeWidth=1).encode(
        color=arithmetic_colour()
    )
    numbers = cells.mark_text(fontSize=9.5, fontWeight="bold", color=PAPER, dy=0.5).encode(text="number:N")
    bandwidth = (
        alt.Chart(alt.NamedData("bandwidth"))
        .mark_line(strokeWidth=1.6, color=INK, strokeDash=[5, 3], opacity=0.8)
        .encode(x=x, y=y, order="intensity:Q")
    )
    return apply_theme(alt.layer(bandwidth, lines, names, points, numbers))


def fill(
    ceiling: CeilingRow,
    cells: Sequence[RooflineRow],
    arithmetic: Mapping[str, PeakPrecision],
    numbers: Mapping[str, int],
) -> dict[str, list[dict[str, object]]]:
    """Return the data.

    Args:
        ceiling: Of the layout.
        cells: Of the layout, at least one.
        arithmetic: Cell → data type that it multiplies.
        numbers: Cell → its number.
    """
    used = {arithmetic[row.cell] for row in cells}
    peaks = {name: rate for name, rate in ceiling.operations_per_s.items() if name in used}
    ridges = [rate / ceiling.bytes_per_s for rate in peaks.values()]
    intensities = [row.operations_per_byte for row in cells]
    right = max([*ridges, *intensities]) * _BEYOND
    left = min([*ridges, *intensities]) / _BEYOND
    top = max(peaks.values(), default=left * ceiling.bytes_per_s)
    lines: list[dict[str, object]] = []
    names: list[dict[str, object]] = []
    for name, rate in peaks.items():
        ridge = rate / ceiling.bytes_per_s
        lines += [
            {"ceiling": name, "arithmetic": name, "intensity": intensity, "rate": rate} for intensity in (ridge, right)
        ]
        names.append({"name": f"{name}: {rate / 1e9:,.0f} GOP/s", "intensity": right, "rate": rate})
    bandwidth: list[dict[str, object]] = [
        {"intensity": intensity, "rate": intensity * ceiling.bytes_per_s}
        for intensity in (left, top / ceiling.bytes_per_s)
    ]
    points = [
        {
            "number": str(numbers[row.cell]),
            "arithmetic": arithmetic[row.cell],
            "intensity": row.operations_per_byte,
            "rate": row.operations_per_s,
        }
        for row in cells
    ]
    return {"ceilings": lines, "names": names, "bandwidth": bandwidth, "cells": points}
