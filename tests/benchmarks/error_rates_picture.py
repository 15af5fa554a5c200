"""The picture of `error_rates.py`: false alarms on each host, and what is found."""

from collections.abc import Sequence
from pathlib import Path

import altair as alt
from scipy.stats import binomtest

from tests.benchmarks.rates import Rate, Setting


def draw(alarms: Sequence[Rate], power: Sequence[Rate], path: Path) -> None:
    """Write the picture, in the format of the file's suffix."""
    sides = (_draw_alarms(alarms) | _draw_power(power)).resolve_scale(color="independent")
    sides.configure_view(continuousHeight=260).save(path)


def _draw_alarms(rates: Sequence[Rate]) -> alt.LayerChart:
    """Draw false alarms with their intervals; the promise is the line at 1%."""
    values = []
    for rate in rates:
        bounds = binomtest(rate.alarms, rate.comparisons).proportion_ci()
        share = rate.alarms / rate.comparisons
        row = {"host": rate.setting.host, "kind": _describe(rate.setting), "run": rate.setting.run_scatter}
        values.append(row | {"share": share, "low": bounds.low, "high": bounds.high})
    share = alt.X("share:Q", title="comparisons of like with like that raise a false alarm").axis(format=".1%")
    base = alt.Chart(alt.Data(values=values)).encode(
        y=alt.Y("host:N", title=None),
        yOffset="kind:N",
        color=alt.Color("kind:N", title="arrangement, cells"),
        detail="run:N",
    )
    promise = alt.Chart(alt.Data(values=[{"at": 0.01}])).mark_rule(strokeDash=[4, 3]).encode(x="at:Q")
    spread = base.mark_rule().encode(x=alt.X("low:Q"), x2="high:Q")
    return alt.layer(spread, base.mark_point(filled=True, size=12).encode(x=share), promise).properties(
        width=340, height=alt.Step(5)
    )


def _draw_power(rates: Sequence[Rate]) -> alt.Chart:
    """Draw the share found slower against the true slowdown."""
    values = [
        {
            "between": f"{rate.setting.run_scatter:.1%} between runs, {rate.setting.cells} cells",
            "known": f"{rate.setting.earlier} earlier, {rate.setting.runs} a side",
            "effect": rate.setting.effect,
            "share": rate.slower / rate.comparisons,
        }
        for rate in rates
        if rate.setting.effect
    ]
    return (
        alt.Chart(alt.Data(values=values))
        .mark_line(point=True)
        .encode(
            x=alt.X("effect:Q", title="true slowdown").axis(format="%"),
            y=alt.Y("share:Q", title="found slower").axis(format="%"),
            color=alt.Color("known:N", title="runs known"),
            column=alt.Column("between:N", title=None),
        )
        .properties(width=150)
    )


def _describe(setting: Setting) -> str:
    if setting.interleaved:
        return f"interleaved, {setting.cells}×{setting.repetitions}"
    return f"two runs, {setting.cells}, {setting.earlier} earlier"
