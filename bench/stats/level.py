"""The size of a change of level, and the smallest change that a search would have shown."""

from math import exp, inf, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.stats.autocorrelation import MAX_AUTOCORRELATION
from bench.stats.change_search import WINDOW, make_critical
from bench.stats.power import MAX_REACH, POWER
from bench.stats.ratio import LogRatio
from bench.stats.variance import SCATTER_FLOOR, Variance

Floats = NDArray[np.float64]

AHEAD = 10
"""Further runs within which a change is to be seen."""

RANK_EFFICIENCY = 0.955
"""Of rank sums against means of normal values: 3 / π (Lehmann, Nonparametrics, 1975, section 2.4)."""


class Segment(NamedTuple):
    """The values between two changes.

    Attributes:
        values: Of the logarithm of the latency in each run.
        variances: Of those values, by the scatter of their repetitions.
    """

    values: Floats
    variances: Floats


def find_level(segment: Segment, between: float) -> float:
    """Return the mean of a segment's values, each weighted by the inverse of its variance.

    Args:
        segment: Of one value or more.
        between: Variance between runs.
    """
    return float(np.average(segment.values, weights=1 / (between + segment.variances + SCATTER_FLOOR**2)))


def find_between(segments: tuple[Segment, ...]) -> float:
    """Return the variance between runs: what scatters about the segments' means, less what points' own errors explain."""
    degrees_of_freedom = sum(len(segment.values) - 1 for segment in segments)
    if degrees_of_freedom < 1:
        return 0.0
    squares = sum(float(((segment.values - segment.values.mean()) ** 2).sum()) for segment in segments)
    own = float(np.concatenate([segment.variances for segment in segments]).mean())
    return max(0.0, squares / degrees_of_freedom - own)


def estimate_step(before: Segment, after: Segment, autocorrelation: float) -> LogRatio:
    """Return the ratio of two levels.

    Method: weighted means, and Student's interval of their difference. Runs that are like the one before them count as
    (1 - r) / (1 + r) of independent ones. The place of the change is taken as known; that it was searched for makes small
    changes look larger than they are.

    Args:
        before: Values before the change.
        after: Values after it.
        autocorrelation: From one run to the next.
    """
    between = find_between((before, after))
    share = (1 - autocorrelation) / (1 + autocorrelation)
    levels, squares, variance = [], 0.0, 0.0
    for segment in (before, after):
        weights = 1 / (between + segment.variances + SCATTER_FLOOR**2)
        levels.append(find_level(segment, between))
        squares += float((weights * (segment.values - levels[-1]) ** 2).sum())
        variance += 1 / (float(weights.sum()) * share)
    count = len(before.values) + len(after.values)
    scale = max(1.0, squares / max(1, count - 2))
    degrees_of_freedom = max(1.0, (count - 2) * share)
    return LogRatio(
        point=levels[1] - levels[0],
        own=(Variance(value=scale * variance, degrees_of_freedom=degrees_of_freedom),),
    )


def find_detectable(segment: Segment, autocorrelation: float, tail: float) -> float | None:
    """Return the smallest change, as a share, that four of five series like this would show within `AHEAD` more runs.

    Method: the rank sum that the last split needs, as a quantile of the normal distribution, and the power's quantile, by
    the standard error of a difference of means. None where even the largest rank sum would not suffice.

    Args:
        segment: The newest.
        autocorrelation: From one run to the next.
        tail: Of the search.
    """
    earlier = min(len(segment.values) - 1, WINDOW - AHEAD)
    if earlier < 1:
        return None
    needed = float(make_critical(tail, splits=(AHEAD,))[earlier + AHEAD, 0])
    if needed == inf:
        return None
    products = earlier * AHEAD
    quantile = (needed - products / 2) / sqrt(products * (earlier + AHEAD + 1) / 12) + NormalDist().inv_cdf(POWER)
    innovations = segment.values[1:] - min(autocorrelation, MAX_AUTOCORRELATION) * segment.values[:-1]
    scatter = max(float(innovations.std(ddof=1)), SCATTER_FLOOR)
    # The first run after a change shows all of it, later ones what the autoregression leaves.
    shown = (1 + (AHEAD - 1) * (1 - autocorrelation)) / AHEAD
    error = scatter * sqrt((1 / AHEAD + 1 / earlier) / RANK_EFFICIENCY)
    return exp(min(quantile * error / shown, MAX_REACH)) - 1
