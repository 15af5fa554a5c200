"""Ratios of the costs of two arms whose repetitions were interleaved, and what may be said of them. Pure."""

from collections.abc import Sequence
from math import log
from statistics import fmean, median
from typing import NamedTuple

from bench.records.summary import Interval
from bench.records.tuning import Gain, Settings
from bench.stats.ratio import LogRatio, difference_p_value, estimate_paired, interval
from bench.stats.variance import REPETITIONS_MIN
from bench.tune.costs import ArmCosts, Costs
from bench.tune.limits import measure_limited

FALSE_ALARM_LEVEL = 0.005
"""Share of tunings of settings that help nothing which tell a gain: as many as an `ab` run may."""


class CostRatio(NamedTuple):
    """The cost of one arm over that of another.

    Attributes:
        interval: At the level that was asked for.
        p_value: Of no difference.
        estimate: What both rest on.
        pairs: Valid ones.
    """

    interval: Interval
    p_value: float
    estimate: LogRatio
    pairs: int


def pair_costs(base: Costs, new: Costs) -> list[tuple[float, float]]:
    """Return the costs of repetitions that are valid in both arms, side by side."""
    return [(base[index], new[index]) for index in sorted(base.keys() & new.keys())]


def compare_costs(base: Costs, new: Costs, level: float) -> CostRatio | None:
    """Return the cost of `new` over that of `base`; None with too few pairs for an interval.

    Args:
        base: Of an arm.
        new: Of another arm of the same stage.
        level: Share of such intervals that miss the true ratio.
    """
    pairs = pair_costs(base, new)
    if len(pairs) < REPETITIONS_MIN:
        return None
    estimate = estimate_paired(pairs)
    return CostRatio(interval(estimate, level), difference_p_value(estimate), estimate, len(pairs))


def measure_gain(settings: Settings, own: ArmCosts, tuned: ArmCosts) -> Gain | None:
    """Return what settings gain over the profile's own; None with too few pairs."""
    ratio = compare_costs(own.costs, tuned.costs, FALSE_ALARM_LEVEL)
    if ratio is None:
        return None
    better = ratio.p_value <= FALSE_ALARM_LEVEL and ratio.estimate.point < 0
    return Gain(
        settings=settings,
        ratio=ratio.interval,
        p_value=ratio.p_value,
        pairs=ratio.pairs,
        shown=better,
        limited=measure_limited(tuned),
    )


def largest_gain(ratio: Interval) -> float:
    """Return the largest gain that an interval allows, as a share: 0.012 for 1.2% more in the same time."""
    return max(0.0, 1 / ratio.low - 1)


def mean_costs(arms: Sequence[Costs]) -> list[float | None]:
    """Return each arm's mean logarithm of cost, apart from what all arms of a repetition have in common.

    The median over arms is taken from each repetition first, so that an arm which lacks the repetitions of a slow
    minute seems no faster for it.

    Returns:
        None for an arm without a valid repetition.
    """
    indexes = set[int]().union(*arms)
    common = {index: median(log(arm[index]) for arm in arms if index in arm) for index in indexes}
    return [fmean(log(cost) - common[index] for index, cost in arm.items()) if arm else None for arm in arms]
