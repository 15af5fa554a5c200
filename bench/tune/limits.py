"""Whether arms keep the limit that the user asked for. Pure."""

from typing import Literal

from bench.records.summary import Interval
from bench.records.tuning import Limit
from bench.stats.interval import mean_interval
from bench.tune.costs import ArmCosts

CONFIDENCE = 0.95
"""Of the interval that must lie wholly below the limit: one in 40 arms that are just above it are said to keep it."""

LimitVerdict = Literal["kept", "broken", "unclear"]


def measure_limited(arm: ArmCosts) -> Interval | None:
    """Return the seconds of what the limit is on, with their interval; None without a valid repetition.

    Of fewer than five repetitions the interval is their range.
    """
    return mean_interval(list(arm.limited.values()), confidence=CONFIDENCE) if arm.limited else None


def judge_limit(limited: Interval | None, limit: Limit) -> LimitVerdict:
    """Return whether an interval lies below the limit, at or above it, or on both sides.

    Args:
        limited: Of an arm, as `measure_limited` returns it.
        limit: The same.
    """
    if limited is None or limited.low < limit.seconds <= limited.high:
        return "unclear"
    return "kept" if limited.high < limit.seconds else "broken"


def may_race(arm: ArmCosts, limit: Limit | None) -> bool:
    """Return whether the mean over repetitions is within the limit; without a limit it is.

    A race claims nothing, so no interval is asked for: what it lets through is judged again by the trial.
    """
    if limit is None:
        return True
    limited = measure_limited(arm)
    return limited is not None and limited.point < limit.seconds
