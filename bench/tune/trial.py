"""The trial: the winner of a race beside the profile's own settings, and beside itself without each setting. Pure.

The winner of a noisy race looks faster than it is, so nothing that the race measured is told. A setting stays if taking
it back is shown to cost something. Two settings of which either alone would do are both shown to buy nothing; so what
is left is confirmed against the profile's own settings again, and if that fails, all settings stay.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from bench.records.reason import Reason
from bench.records.tuning import (
    ArmResult,
    EarlierStage,
    Gain,
    Limit,
    SettingGain,
    Settings,
    TuningOutcome,
    TuningResult,
)
from bench.stats.holm import adjust, step_levels
from bench.stats.ratio import difference_p_value, equivalence_p_value, estimate_paired, interval, pair_variance
from bench.stats.variance import REPETITIONS_MIN
from bench.tune.costs import ArmCosts
from bench.tune.limits import judge_limit, measure_limited
from bench.tune.ratios import FALSE_ALARM_LEVEL, compare_costs, largest_gain, measure_gain, pair_costs

SETTING_LEVEL = 0.05
"""Share of tunings in which some setting that buys nothing stays. The gain that is told does not depend on it."""

CHECK_MARGIN_RATIO = 0.02
"""A gain below this is none, for a check of a profile: what an interleaved comparison resolves in ten minutes."""


class Trial(NamedTuple):
    """What a trial showed.

    Attributes:
        gain: Of the winner; None with too few pairs.
        settings: What each of its settings bought; empty without a gain.
    """

    gain: Gain | None
    settings: tuple[SettingGain, ...]

    @property
    def kept(self) -> Settings:
        """The settings that were shown to help."""
        return {setting.name: setting.value for setting in self.settings if setting.kept}


def judge_trial(arms: Sequence[Settings], costs: Sequence[ArmCosts]) -> Trial:
    """Return what the winner gains, and what each of its settings bought.

    Args:
        arms: As `bench.planning.arms.arrange_trial` returns them.
        costs: Of each arm.
    """
    winner = arms[1]
    gain = measure_gain(winner, costs[0], costs[1])
    if gain is None or not gain.shown:
        return Trial(gain, ())
    # In the order of the settings' names; a winner's only setting is taken back by the first arm.
    without = costs[2:] or costs[:1]
    pairs = [pair_costs(costs[1].costs, arm.costs) for arm in without]
    if min(map(len, pairs)) < REPETITIONS_MIN:
        return Trial(gain, ())
    variances = [pair_variance(of_arm) for of_arm in pairs]
    estimates = [
        estimate_paired(of_arm, variances[:place] + variances[place + 1 :]) for place, of_arm in enumerate(pairs)
    ]
    p_values = [difference_p_value(estimate) for estimate in estimates]
    settings = tuple(
        SettingGain(
            name=name,
            value=value,
            ratio=interval(estimate, level),
            p_value=p_value,
            kept=p_value <= SETTING_LEVEL and estimate.point > 0,
        )
        for (name, value), estimate, p_value, level in zip(
            sorted(winner.items()), estimates, adjust(p_values), step_levels(p_values, SETTING_LEVEL), strict=True
        )
    )
    return Trial(gain, settings)


def describe_arms(arms: Sequence[Settings], costs: Sequence[ArmCosts]) -> tuple[ArmResult, ...]:
    """Return the arms of a stage in which none falls, each with its cost over that of the profile's own."""
    ratios = [compare_costs(costs[0].costs, arm.costs, FALSE_ALARM_LEVEL) for arm in costs]
    return tuple(
        ArmResult(
            settings=settings,
            standing="base" if place == 0 else "kept" if costs[place].costs else "no_number",
            ratio=None if place == 0 or ratio is None else ratio.interval,
        )
        for place, (settings, ratio) in enumerate(zip(arms, ratios, strict=True))
    )


def conclude_trial(trial: Trial) -> TuningResult:
    """Return how a tuning ends whose trial shows no gain, or whose winner keeps all settings."""
    if trial.gain is None:
        return TuningResult(outcome="undecided", reasons=(Reason(code="tuning_too_few_pairs"),))
    if not trial.gain.shown:
        return TuningResult(outcome="no_gain", gain=trial.gain, reasons=(_explain_no_gain(trial.gain),))
    if not trial.settings:
        reasons: tuple[Reason, ...] = (Reason(code="tuning_ablation_incomplete"),)
    elif not trial.kept:
        reasons = (Reason(code="tuning_no_single_setting"),)
    else:
        reasons = ()
    return TuningResult(outcome="gain", gain=trial.gain, settings=trial.settings, reasons=reasons)


def conclude_limit(gain: Gain, own: ArmCosts, limit: Limit | None) -> TuningResult | None:
    """Return how a tuning ends whose limit decides: the winner is not shown to keep it, or the profile's own do not.

    Args:
        gain: Of the winner.
        own: Of the profile's own settings.
        limit: What every arm has to keep.

    Returns:
        None without a limit, and where both may be compared by their costs.
    """
    if limit is None:
        return None
    match judge_limit(gain.limited, limit):
        case "broken":
            reasons = (Reason(code="tuning_over_limit"),)
            return TuningResult(outcome="no_gain", gain=replace(gain, shown=False), reasons=reasons)
        case "unclear":
            return TuningResult(outcome="undecided", gain=gain, reasons=(Reason(code="tuning_limit_unclear"),))
        case "kept":
            if judge_limit(measure_limited(own), limit) != "broken":
                return None
            return TuningResult(outcome="within_limit", gain=gain, reasons=(Reason(code="tuning_own_over_limit"),))


def conclude_confirmation(
    trial: EarlierStage, arms: Sequence[Settings], costs: Sequence[ArmCosts], limit: Limit | None
) -> TuningResult:
    """Return how a tuning ends after the settings that are kept were measured beside the profile's own."""
    gain = measure_gain(arms[1], costs[0], costs[1])
    if gain is None or not gain.shown:
        code = "tuning_not_confirmed"
    elif limit is not None and judge_limit(gain.limited, limit) != "kept":
        code = "tuning_limit_needs_all"
    else:
        return TuningResult(outcome="gain", gain=gain, settings=trial.settings)
    return TuningResult(outcome="gain", gain=trial.gain, settings=trial.settings, reasons=(Reason(code=code),))


def conclude_check(costs: Sequence[ArmCosts], arms: Sequence[Settings], limit: Limit | None) -> TuningResult:
    """Return whether a profile still gains over the one that it is compared with, or keeps a limit that this breaks."""
    gain = measure_gain(arms[1], costs[0], costs[1])
    if gain is None:
        return TuningResult(outcome="undecided", reasons=(Reason(code="tuning_too_few_pairs"),))
    by_limit = conclude_limit(gain, costs[0], limit)
    if by_limit is not None:
        meaning: dict[TuningOutcome, TuningOutcome] = {"no_gain": "no_longer", "within_limit": "holds"}
        return replace(by_limit, outcome=meaning.get(by_limit.outcome, by_limit.outcome))
    if gain.shown:
        return TuningResult(outcome="holds", gain=gain)
    estimate = estimate_paired(pair_costs(costs[0].costs, costs[1].costs))
    slower = gain.ratio.low > 1
    none_left = equivalence_p_value(estimate, CHECK_MARGIN_RATIO) <= SETTING_LEVEL
    outcome: TuningOutcome = "no_longer" if slower or none_left else "undecided"
    return TuningResult(outcome=outcome, gain=gain, reasons=(_explain_no_gain(gain),))


def _explain_no_gain(gain: Gain) -> Reason:
    if gain.ratio.low > 1:
        return Reason(code="tuning_worse")
    return Reason(code="no_gain_shown", values={"most_percent": f"{100 * largest_gain(gain.ratio):.1f}"})
