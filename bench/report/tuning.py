"""A tuning as text: the arms of a stage, what each setting bought, and how it ended."""

from collections.abc import Iterator, Sequence
from math import prod

from bench.records.summary import Interval
from bench.records.tuning import (
    EXIT_STATUS,
    AimName,
    EarlierStage,
    Gain,
    Limit,
    SettingGain,
    Settings,
    Standing,
    Tuning,
    TuningOutcome,
    TuningReport,
    TuningResult,
)
from bench.records.variant import name_variants
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.report.table import Column, render_table
from bench.report.units import format_duration

SETTING_COLUMNS = (
    Column("setting"),
    Column("gain", "right"),
    Column("interval", "right"),
    Column("p", "right", rank=1),
    Column(""),
)

STANDINGS: dict[Standing, str] = {
    "base": "the profile's own",
    "best": "best",
    "kept": "goes on",
    "slower": "slower than the best",
    "halved": "in the slower half",
    "over_limit": "does not keep the limit",
    "no_number": "no valid number",
}

OUTCOMES: dict[TuningOutcome, str] = {
    "gain": "gain",
    "within_limit": "the limit is kept, which it is not with the profile's own settings",
    "no_gain": "no gain",
    "holds": "the profile still gains",
    "no_longer": "the profile no longer gains",
    "undecided": "undecided",
}


GAIN_MEANS: dict[AimName, str] = {
    "latency": "how much more is done in the same time than",
    "throughput": "how much more is done in the same time than",
    "p99": "by how much the 99th percentile is longer",
    "throughput-per-watt": "how much more is done with the same energy than",
}
"""Aim → what a gain is, before "with the profile's own settings"."""


def render_tuning(report: TuningReport, width: int | None = None) -> PrintableText:
    """Return the search so far, the arms of this stage, and the result or what comes next.

    Args:
        report: Of a stage's bundle.
        width: That tables fit into, in characters; None for whole tables.
    """
    tuning = report.tuning
    lines = [_describe_search(tuning)]
    lines += [f"{_describe_stage(stage)}: run {stage.run_id}, {stage.content_digest}" for stage in tuning.earlier]
    lines += ["", f"{tuning.stage}: {len(tuning.arms)} arms", "", _render_arms(report, width), ""]
    lines.append(f"gain: {GAIN_MEANS[tuning.aim]} with the profile's own settings")
    if tuning.stage == "race":
        lines.append("These are a race's numbers: they choose, and are no result. The winner looks faster than it is.")
    if report.result is not None:
        lines += ["", *_describe_result(report.result, report, width)]
    else:
        lines.append(f"next stage: {report.following}")
    return join_lines(lines)


def render_beginning(
    tuning: Tuning, estimate_s: float, unfit: Sequence[tuple[Settings, str]], *, timed: bool
) -> PrintableText:
    """Return what a search is going to do, before it begins.

    Args:
        tuning: Its first stage.
        estimate_s: Seconds that it takes at least.
        unfit: Combinations that this machine cannot run, with the reasons.
        timed: The estimate rests on a repetition that was made here.
    """
    arms = f"{len(tuning.arms)} arms" if tuning.stage != "trial" else "2 arms"
    space = ", ".join(f"{knob.name}={'|'.join(knob.values)}" for knob in tuning.knobs)
    head = (
        f"tuning for {_describe_aim(tuning)}: {arms}, the profile's own settings among them, of {tuning.points} different "
        f"ones; at least {format_duration(estimate_s)}, about {format_duration(tuning.budget_s)}"
    )
    lines = [head, f"space: {space}"]
    if tuning.sampler is not None:
        lines.append(f"arms were sampled by {tuning.sampler}")
    if not timed and "p99" in {tuning.aim, tuning.limit and tuning.limit.metric}:
        lines.append(
            "a repetition for p99 has many iterations: a search times one first, this estimate does not know it"
        )
    if unfit:
        settings, reason = unfit[0]
        lines.append(
            f"{len(unfit)} combinations cannot be run here, such as {describe_settings(settings)}: {reason:.300}"
        )
    return join_lines(lines)


def describe_settings(settings: Settings) -> str:
    """Return settings as a phrase."""
    return " ".join(f"{name}={value}" for name, value in sorted(settings.items())) or "the profile's own"


def _describe_search(tuning: Tuning) -> str:
    sampled = "" if tuning.sampler is None else f", sampled by {tuning.sampler}"
    return f"tuning for {_describe_aim(tuning)}, {tuning.points} different arms{sampled}"


def _describe_aim(tuning: Tuning) -> str:
    limit = tuning.limit
    return tuning.aim if limit is None else f"{tuning.aim} with {limit.metric} below {limit.seconds * 1000:g} ms"


def _describe_stage(stage: EarlierStage) -> str:
    falls = ("slower", "halved", "over_limit", "no_number")
    fallen = sum(result.standing in falls for result in stage.arms)
    return f"{stage.stage} of {len(stage.arms)} arms, {fallen} fell" if stage.stage == "race" else stage.stage


def _render_arms(report: TuningReport, width: int | None) -> str:
    columns = (
        Column("arm"),
        Column("settings", fold=1),
        Column("gain", "right"),
        Column(_name_interval(report), "right", rank=1),
        Column("standing"),
    )
    names = name_variants(len(report.arms))
    rows = [
        (
            name,
            describe_settings(result.settings),
            *("" if result.ratio is None else text for text in _gain_cells(result.ratio)),
            STANDINGS[result.standing] if result.standing != "kept" else "",
        )
        for name, result in zip(names, report.arms, strict=True)
    ]
    return render_table(columns, rows, width)


def _name_interval(report: TuningReport) -> str:
    return f"{100 * report.confidence:.3g}% interval"


def _gain_cells(ratio: Interval | None) -> tuple[str, str]:
    """Return a ratio of costs as a gain, with its interval."""
    if ratio is None:
        return "", ""
    return f"{1 / ratio.point - 1:+.1%}", f"{1 / ratio.high - 1:+.1%} to {1 / ratio.low - 1:+.1%}"


def _describe_result(result: TuningResult, report: TuningReport, width: int | None) -> Iterator[str]:
    limit = report.tuning.limit
    if result.settings:
        rows = [_setting_row(setting) for setting in result.settings]
        yield from ("what each setting bought, by taking it back from the winner:", "")
        yield from (render_table(SETTING_COLUMNS, rows, width), "")
    if len(result.settings) > 1:
        whole = prod(setting.ratio.point for setting in result.settings) - 1
        yield f"multiplied: {whole:+.1%}; all together may gain more or less, as settings overlap or need one another"
    if result.gain is not None:
        yield _describe_gain(result.gain, _name_interval(report))
        if limit is not None and result.gain.limited is not None:
            yield _describe_limited(result.gain.limited, limit)
    yield from map(describe_reason, result.reasons)
    yield f"{OUTCOMES[result.outcome]} (exit status {EXIT_STATUS[result.outcome]})"


def _setting_row(setting: SettingGain) -> tuple[str, ...]:
    ratio = setting.ratio
    return (
        f"{setting.name}={setting.value}",
        f"{ratio.point - 1:+.1%}",
        f"{ratio.low - 1:+.1%} to {ratio.high - 1:+.1%}",
        "<0.0001" if setting.p_value < 1e-4 else f"{setting.p_value:.4f}",
        "" if setting.kept else "bought nothing that was shown",
    )


def _describe_gain(gain: Gain, interval_name: str) -> str:
    point, interval = _gain_cells(gain.ratio)
    return (
        f"{describe_settings(gain.settings)} against the profile's own settings, {gain.pairs} pairs in fresh processes: "
        f"{point} ({interval_name} {interval})"
    )


def _describe_limited(limited: Interval, limit: Limit) -> str:
    low, point, high = (f"{1000 * seconds:.4g}" for seconds in (limited.low, limited.point, limited.high))
    return f"{limit.metric} with these settings: {point} ms ({low} to {high}), limit {1000 * limit.seconds:g} ms"
