"""The picture of `error_rates.py`: false alarms on each host, and what is found by how many repetitions."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import altair as alt
from scipy.stats import binomtest

if TYPE_CHECKING:
    from tests.benchmarks.error_rates import Rate


def draw(alarms: "Sequence[Rate]", power: "Sequence[Rate]", path: Path) -> None:
    """Write the picture, as what the file's name ends in."""
    (_draw_alarms(alarms) | _draw_power(power)).configure_view(continuousHeight=260).save(path)


def _draw_alarms(rates: "Sequence[Rate]") -> alt.LayerChart:
    """False alarms with their intervals; the promise is the line at 1%."""
    values = []
    for rate in rates:
        bounds = binomtest(rate.alarms, rate.comparisons).proportion_ci()
        kind = f"{rate.arrangement}, {rate.cells}×{rate.repetitions}"
        share = rate.alarms / rate.comparisons
        values.append({"host": rate.host, "kind": kind, "share": share, "low": bounds.low, "high": bounds.high})
    share = alt.X("share:Q", title="comparisons of like with like that raise a false alarm").axis(format=".1%")
    base = alt.Chart(alt.Data(values=values)).encode(
        y=alt.Y("host:N", title=None),
        yOffset="kind:N",
        color=alt.Color("kind:N", title="arrangement, cells×repetitions"),
    )
    promise = alt.Chart(alt.Data(values=[{"at": 0.01}])).mark_rule(strokeDash=[4, 3]).encode(x="at:Q")
    spread = base.mark_rule().encode(x=alt.X("low:Q"), x2="high:Q")
    return alt.layer(spread, base.mark_point(filled=True).encode(x=share), promise).properties(
        width=340, height=alt.Step(5)
    )


def _draw_power(rates: "Sequence[Rate]") -> alt.Chart:
    """Share found slower against the true slowdown."""
    values = [
        {
            "arrangement": rate.arrangement,
            "repetitions": str(rate.repetitions),
            "effect": rate.effect,
            "share": rate.slower / rate.comparisons,
        }
        for rate in rates
    ]
    order = sorted({value["repetitions"] for value in values}, key=lambda text: int(str(text)))
    return (
        alt.Chart(alt.Data(values=values))
        .mark_line(point=True)
        .encode(
            x=alt.X("effect:Q", title="true slowdown (2% of scatter between repetitions)").axis(format="%"),
            y=alt.Y("share:Q", title="found slower").axis(format="%"),
            color=alt.Color("repetitions:N", sort=order, title="repetitions a side"),
            column=alt.Column("arrangement:N", title=None),
        )
        .properties(width=230)
        .resolve_scale(color="independent")
    )
