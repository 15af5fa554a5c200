"""How likely a gap is between some values and all others, where all are good. Pure.

If X is the largest of some good values and Y the next, then F(X) / F(Y) is uniform, F being the chance of a good value to lie
farther out (Rényi, On the theory of order statistics, Acta Mathematica Hungarica 4, 1953). The next value shows how far
out good ones lie here, so that less depends on the shape of tails than where a value is compared with a standard deviation.

Odd are all values above the last gap that is too wide, so that several do not hide one another. That a good value is among
them has no larger chance where others are odd indeed: if g of the values above a gap are good, the ratio is below a with
the chance a^g, at most a. (Tests that ask only whether all are good would count the odd ones for it.)
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    from bench.stats.leave_one_out import Centre
    from bench.stats.tails import Scatter

ODD_SHARE = 0.25
"""Largest share of values that can be told odd: the spread holds out against no more."""


class Gaps(NamedTuple):
    """By value, on the upper side.

    Attributes:
        p_values: Chance that any good value lies so far above the others.
        needed: Distance from the centre of the others, in spreads, from which on it would be odd; the others being as they
            are.
    """

    p_values: "NDArray[float64]"
    needed: "NDArray[float64]"


def find_gaps(
    values: "NDArray[float64]", centre: "Centre", scales: "NDArray[float64]", scatter: "Scatter", *, level: float
) -> Gaps:
    """Find gaps among some values.

    Args:
        values: Four or more.
        centre: Of the others, by value.
        scales: Spread that each would have if it were good; no less than that of the others.
        scatter: Of good values.
        level: Chance that any good value is odd.
    """
    import numpy as np

    distances = np.maximum((values - centre.median) / scales, 0)
    order = np.argsort(-distances, kind="stable")
    most = max(1, int(ODD_SHARE * (len(values) - 1)))
    above, below = order[:most], order[1 : most + 1]
    next_distances = np.maximum((values[below] - centre.median[above]) / centre.spread[above], 0)
    ratios = np.minimum(1, scatter.exceedance(distances[above]) / scatter.exceedance(next_distances))
    p_values = np.ones(len(values))
    p_values[above] = np.minimum.accumulate(ratios[::-1])[::-1]
    # The good one that is farthest out, other than the value itself.
    first = int(np.count_nonzero(p_values <= level))
    farthest = np.full(len(values), values[order[first]])
    farthest[order[first]] = values[order[first + 1]]
    beside, places_of = np.unique(np.maximum((farthest - centre.median) / centre.spread, 0), return_inverse=True)
    return Gaps(p_values, scatter.find_distances(scatter.exceedance(beside) * level)[places_of])


def find_gaps_beyond(
    values: "NDArray[float64]",
    references: "NDArray[float64]",
    centre: "Centre",
    scales: "NDArray[float64]",
    scatter: "Scatter",
    *,
    level: float,
) -> Gaps:
    """Find the gaps between each of some values and references.

    A good value is above all references with a chance of one over their number and one; if it is, the ratio is uniform.

    Args:
        values: One or more.
        references: Three or more good ones.
        centre: Of the references, the same for each value.
        scales: As of `find_gaps`.
        scatter: As of `find_gaps`.
        level: As of `find_gaps`.
    """
    import numpy as np

    distances = np.maximum((values - centre.median) / scales, 0)
    farthest = np.maximum((references.max() - centre.median) / centre.spread, 0)
    next_chances = scatter.exceedance(farthest)
    highest = len(values) / (len(references) + 1)
    ratios = scatter.exceedance(distances) / next_chances
    p_values = np.where(ratios < 1, np.minimum(1, highest * ratios), 1.0)
    chances = next_chances * min(1.0, level / highest)
    return Gaps(p_values, scatter.find_distances(chances))
