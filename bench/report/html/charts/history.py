"""A cell over many runs: its latencies with their intervals, the levels between changes, and the changes."""

import altair as alt

from bench.records.history import CellHistory
from bench.report.html.charts.theme import ACCENT, INK, MUTED, WARNING, WIDTH, Chart, apply_theme

LEGEND = (("accent", "●", "run, with its interval"), ("muted", "━", "level"), ("warning", "┆", "change"))


def specify() -> Chart:
    """Return the chart: runs from left to right in the order in which they began."""
    x = alt.X(
        "run:Q",
        title="run",
        axis=alt.Axis(grid=False, format="d", tickMinStep=1, tickCount=10),
        scale=alt.Scale(nice=False, zero=False, padding=8),
    )
    y = alt.Y("low:Q", title="latency, ms", scale=alt.Scale(zero=False, padding=8), axis=alt.Axis(tickCount=5))
    runs = alt.Chart(alt.NamedData("runs"), width=WIDTH, height=150).encode(x=x)
    bars = runs.mark_rule(color=ACCENT, strokeWidth=2, opacity=0.4).encode(y=y, y2="high:Q")
    points = runs.mark_point(color=ACCENT, filled=True, size=22, opacity=1).encode(y="point:Q")
    levels = alt.Chart(alt.NamedData("levels")).mark_rule(color=MUTED, strokeWidth=1.6)
    changes = alt.Chart(alt.NamedData("changes")).encode(x="run:Q")
    lines = changes.mark_rule(color=WARNING, strokeWidth=1.2, strokeDash=[3, 3])
    sizes = changes.mark_text(color=INK, align="left", dx=4, fontSize=11, baseline="top").encode(
        text="size:N", y=alt.value(0)
    )
    return apply_theme(alt.layer(bars, levels.encode(x="first:Q", x2="last:Q", y="latency:Q"), points, lines, sizes))


def fill(cell: CellHistory, begin: int, sizes: list[str]) -> dict[str, list[dict[str, object]]]:
    """Return the data, in milliseconds; runs count from 1.

    Args:
        cell: With all its runs.
        begin: Index of the first run that is drawn.
        sizes: Of its changes, in words.
    """
    shown = [change for change in zip(cell.changes, sizes, strict=True) if change[0].first > begin]
    return {
        "runs": [
            {
                "run": number + 1,
                "point": point.latency_s.point * 1e3,
                "low": point.latency_s.low * 1e3,
                "high": point.latency_s.high * 1e3,
            }
            for number, point in enumerate(cell.points[begin:], begin)
        ],
        "levels": [
            {
                "first": max(level.first, begin) + 0.5,
                "last": level.last + 1.5,
                "latency": level.latency_s * 1e3,
            }
            for level in cell.levels
            if level.last >= begin
        ],
        "changes": [{"run": change.first + 0.5, "size": size} for change, size in shown],
    }
