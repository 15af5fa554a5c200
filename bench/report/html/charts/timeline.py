"""The host along the run: its probes, and below them each repetition against its own cell."""

from collections.abc import Sequence

import altair as alt

from bench.report.html.charts.theme import ACCENT, MUTED, WARNING, WIDTH, Chart, apply_theme
from bench.report.rows.timeline import ProbeRow, RepetitionTimeRow


def specify() -> Chart:
    """Return the two panels, with one axis of time."""
    x = alt.X("minutes:Q", title=None, axis=alt.Axis(tickCount=8, grid=False))
    below = alt.X("minutes:Q", title="minutes since the start of the run", axis=alt.Axis(tickCount=8, grid=False))
    colour = alt.Color(
        "probe:N",
        legend=None,
        scale=alt.Scale(domain=["compute", "memory bandwidth"], range=[ACCENT, MUTED]),
    )
    probes = alt.Chart(alt.NamedData("probes"), width=WIDTH, height=110).encode(
        x=x,
        y=alt.Y(
            "share:Q",
            title="% of best probe",
            scale=alt.Scale(zero=False, nice=True, domainMax=100),
            axis=alt.Axis(tickCount=4),
        ),
        color=colour,
        detail="layout:N",
    )
    upper = alt.layer(
        probes.mark_line(strokeWidth=1.4).encode(strokeDash=alt.StrokeDash("probe:N", legend=None)),
        probes.mark_point(filled=True, size=22, opacity=1).encode(shape=alt.Shape("probe:N", legend=None)),
    )
    repetitions = alt.Chart(alt.NamedData("repetitions"), width=WIDTH, height=110).encode(
        x=below,
        y=alt.Y("change:Q", title="repetition, % off its cell", axis=alt.Axis(tickCount=5), scale=alt.Scale(nice=True)),
    )
    valid = repetitions.mark_point(shape="square", filled=True, size=14, color=ACCENT, opacity=0.8).transform_filter(
        "datum.valid"
    )
    invalid = repetitions.mark_point(shape="cross", filled=True, size=42, color=WARNING, opacity=1).transform_filter(
        "!datum.valid"
    )
    zero = alt.Chart(alt.NamedData("zero")).mark_rule(color=MUTED, opacity=0.7).encode(y="change:Q")
    lower = alt.layer(zero, valid, invalid)
    return apply_theme(alt.vconcat(upper, lower, spacing=14).resolve_scale(x="shared"))


REPETITIONS_MAX = 1000
"""Valid repetitions that are drawn at most: of more, every second, third, ... one."""

LEGEND = (("accent", "●", "compute"), ("muted", "■", "memory bandwidth"))


def fill(probes: Sequence[ProbeRow], repetitions: Sequence[RepetitionTimeRow]) -> dict[str, list[dict[str, object]]]:
    """Return the data, in minutes and percent."""
    shares: list[dict[str, object]] = [
        {"minutes": row.elapsed_s / 60, "probe": probe, "layout": row.layout, "share": share * 100}
        for row in probes
        for probe, share in (("compute", row.compute_ratio), ("memory bandwidth", row.bandwidth_ratio))
    ]
    valid = [row for row in repetitions if not row.invalid]
    step = count_per_mark(repetitions)
    changes: list[dict[str, object]] = [
        {"minutes": row.elapsed_s / 60, "change": (row.latency_ratio - 1) * 100, "valid": not row.invalid}
        for row in (*valid[::step], *(row for row in repetitions if row.invalid))
    ]
    return {"probes": shares, "repetitions": changes, "zero": [{"change": 0}]}


def count_per_mark(repetitions: Sequence[RepetitionTimeRow]) -> int:
    """Return for how many valid repetitions one mark stands."""
    return max(1, -(-sum(not row.invalid for row in repetitions) // REPETITIONS_MAX))
