"""The stages of a tuning: which comes next, and what each measures. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from bench.errors import UsageError
from bench.planning.arms import arrange_trial
from bench.planning.pairs import TARGET_CI_RATIO
from bench.planning.plan import REPETITIONS_MOST
from bench.records.reason import Reason
from bench.records.request import Request
from bench.records.tuning import ArmResult, EarlierStage, Search, Settings, StageName, Tuning, TuningResult
from bench.tune.costs import ArmCosts
from bench.tune.limits import measure_limited
from bench.tune.race import count_rungs, find_survivors, judge_race
from bench.tune.trial import (
    Trial,
    conclude_check,
    conclude_confirmation,
    conclude_limit,
    conclude_trial,
    describe_arms,
    judge_trial,
)

SHARES: dict[StageName, float] = {"race": 0.5, "trial": 0.3, "confirm": 0.2, "check": 1.0}
"""Of the budget, of a search with all stages. All rungs of a race share one: later ones have fewer arms, and more
repetitions of each."""

REPETITIONS_LEAST: dict[StageName, int] = {"race": 3, "trial": 6, "confirm": 6, "check": 6}
"""Of each arm. A race of fewer would be decided by single processes; six pairs are the fewest of an `ab` run."""

P99_SAMPLES = 200
"""Samples of a repetition whose 99th percentile is read: two of them lie above it."""

P99_SAMPLE_S = 1e-6
"""Aimed length of a sample whose percentiles are read: shorter than any iteration, so that a sample is one."""


class StageEnd(NamedTuple):
    """What a stage showed of its arms, and of a trial also what the winner's settings bought."""

    arms: tuple[ArmResult, ...]
    trial: Trial | None = None


def begin_tuning(search: Search, arms: Sequence[Settings]) -> Tuning:
    """Return the first stage of a search.

    Args:
        search: What is searched for, and where.
        arms: That race; the profile's own is not among them.

    Raises:
        UsageError: there is none.
    """
    if not arms:
        raise UsageError("nothing to tune: the profile's own settings are the only ones; give --knob NAME=VALUES")
    races = len(arms) > 1
    return Tuning(
        **{name: getattr(search, name) for name in search.__struct_fields__},
        stage="race" if races else "trial",
        arms=({}, *arms) if races else arrange_trial(arms[0]),
    )


def end_stage(tuning: Tuning, costs: Sequence[ArmCosts]) -> StageEnd:
    """Return what a stage showed.

    Args:
        tuning: The stage.
        costs: Of its arms.
    """
    if tuning.stage == "race":
        return StageEnd(judge_race(tuning.arms, costs, tuning.limit))
    trial = judge_trial(tuning.arms, costs) if tuning.stage == "trial" else None
    return StageEnd(describe_arms(tuning.arms, costs), trial)


def next_stage(tuning: Tuning, costs: Sequence[ArmCosts], run_id: str, content_digest: str) -> Tuning | TuningResult:
    """Return the stage that follows, or how the tuning ends.

    Args:
        tuning: The stage that has ended.
        costs: Of its arms.
        run_id: Of its bundle.
        content_digest: The same.
    """
    end = end_stage(tuning, costs)
    ended = _conclude(tuning, end, costs)
    if ended is not None:
        return ended
    earlier = EarlierStage(
        stage=tuning.stage,
        run_id=run_id,
        content_digest=content_digest,
        arms=end.arms,
        gain=None if end.trial is None else end.trial.gain,
        settings=() if end.trial is None else end.trial.settings,
    )
    following = replace(tuning, earlier=(*tuning.earlier, earlier))
    if end.trial is not None:
        return replace(following, stage="confirm", arms=({}, end.trial.kept))
    survivors = find_survivors(end.arms)
    if len(survivors) > 1:
        return replace(following, stage="race", arms=({}, *survivors))
    return replace(following, stage="trial", arms=arrange_trial(survivors[0]))


def _conclude(tuning: Tuning, end: StageEnd, costs: Sequence[ArmCosts]) -> TuningResult | None:
    """Return how a tuning ends with a stage; None if another follows."""
    match tuning.stage:
        case "check":
            return conclude_check(costs, tuning.arms, tuning.limit)
        case "confirm":
            return conclude_confirmation(tuning.earlier[-1], tuning.arms, costs, tuning.limit)
        case "trial":
            return None if end.trial is None else _conclude_trial(end.trial, tuning, costs)
        case "race":
            return None if find_survivors(end.arms) else _conclude_race(tuning, costs)


def _conclude_race(tuning: Tuning, costs: Sequence[ArmCosts]) -> TuningResult:
    """Return how a tuning ends whose race no arm survives."""
    limited = [found.point for arm in costs[1:] if (found := measure_limited(arm)) is not None]
    if tuning.limit is not None and limited:
        values = {
            "metric": tuning.limit.metric,
            "lowest_ms": f"{1000 * min(limited):.4g}",
            "limit_ms": f"{1000 * tuning.limit.seconds:g}",
        }
        reason = Reason(code="tuning_no_arm_within_limit", values=values)
        return TuningResult(outcome="no_gain", reasons=(reason,))
    return TuningResult(outcome="undecided", reasons=(Reason(code="tuning_no_number"),))


def _conclude_trial(trial: Trial, tuning: Tuning, costs: Sequence[ArmCosts]) -> TuningResult | None:
    """Return how a tuning ends with its trial; None if the settings that are kept are to be confirmed."""
    by_limit = None if trial.gain is None else conclude_limit(trial.gain, costs[0], tuning.limit)
    if by_limit is not None:
        return by_limit
    if trial.kept and trial.kept != tuning.arms[1]:
        return None
    return conclude_trial(trial)


def request_stage(request: Request, tuning: Tuning) -> Request:
    """Return what a stage measures of what the user asked for: how often, how long, and by which samples.

    Args:
        request: The user's.
        tuning: The stage.
    """
    share_s = _find_share(tuning) * tuning.budget_s
    request = replace(
        request,
        budget_s=None,
        aim_s=share_s,
        repetitions=(REPETITIONS_LEAST[tuning.stage], REPETITIONS_MOST),
        target_ci_ratio=request.target_ci_ratio or TARGET_CI_RATIO,
    )
    if "p99" not in {tuning.aim, None if tuning.limit is None else tuning.limit.metric}:
        return request
    return replace(request, sample_s=P99_SAMPLE_S, samples_min=P99_SAMPLES)


def _find_share(tuning: Tuning) -> float:
    """Return the share of the budget that a stage gets: a trial gets those of the stages that do not come."""
    share = SHARES[tuning.stage]
    if tuning.stage == "race":
        return share / max(1, _count_race_rungs(tuning))
    if tuning.stage == "trial":
        share += 0 if tuning.earlier else SHARES["race"]
        share += SHARES["confirm"] if len(tuning.arms[1]) == 1 else 0  # one setting: none can be left out
    return share


def _count_race_rungs(tuning: Tuning) -> int:
    """Return how many rungs the race of a tuning has at most: those that have been, and those that follow."""
    return len(tuning.earlier) + count_rungs(len(tuning.arms) - 1)
