"""Variances of logarithms of latencies: pooled over groups, and moderated by those of other cells."""

from collections.abc import Iterable, Sequence
from math import fsum, sqrt
from statistics import fmean

from bench.records.record import Record

REPETITIONS_MIN = 5
"""The fewest repetitions that an interval or a verdict may rest on.

With four of either side there are 70 ways to deal eight repetitions to two sides, so that even the most extreme one is
rarer than 1 in 35 only, whatever the distribution; with five, 1 in 126. Processes that run at one of two speeds produce such extremes.
By simulation, 95% intervals of three such repetitions hold the truth in 76% of runs, those of five in 95%.
"""

SCATTER_FLOOR = 0.0005
"""Least standard deviation of repetitions. No two processes are known to repeat better than this, and repetitions that
agree to the last digit by chance prove nothing."""

PRIOR_DEGREES_OF_FREEDOM = 4.0
"""Weight of a prior variance, in degrees of freedom: as many as five repetitions, the fewest allowed, have."""

MAX_AUTOCORRELATION = 0.9
"""Largest autocorrelation that is used. With it, twenty repetitions count as one."""


class Variance(Record, frozen=True, kw_only=True):
    """One component of an estimate's variance.

    Attributes:
        value: Of the logarithm.
        degrees_of_freedom: That it was estimated with; infinite if it is known.
    """

    value: float
    degrees_of_freedom: float


def pool_variance(groups: Iterable[Sequence[float]]) -> Variance:
    """Return the variance of values about the mean of their own group, at least the floor's.

    Args:
        groups: At least one of them holds two values or more.
    """
    squares, degrees_of_freedom = 0.0, 0
    for values in groups:
        mean = fmean(values)
        squares += fsum((value - mean) ** 2 for value in values)
        degrees_of_freedom += len(values) - 1
    return Variance(
        value=max(squares / degrees_of_freedom, SCATTER_FLOOR**2), degrees_of_freedom=float(degrees_of_freedom)
    )


def sample_variance(values: Sequence[float]) -> float:
    """Return the variance of at least two values, with one degree of freedom less than there are.

    `statistics.variance` adds fractions, in forty times the time; a verification takes thousands.
    """
    mean = fmean(values)
    return fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def moderate(value: float, degrees_of_freedom: float, prior: float) -> float:
    """Return a variance that is no less than the data's own, nor than its mean with a prior.

    Method: moderated variances, Smyth, Statistical Applications in Genetics and Molecular Biology 3 (2004), with a
    prior of given weight. A variance that is larger than the prior is kept: Smyth shrinks it too, which is right
    where all cells scatter alike. Cells do not: some run at two speeds.

    Args:
        value: The data's own variance.
        degrees_of_freedom: Of that variance.
        prior: Variance that is usual among comparable cells.
    """
    weight = PRIOR_DEGREES_OF_FREEDOM
    return max(value, (weight * prior + degrees_of_freedom * value) / (weight + degrees_of_freedom))


def effective_share(runs: Sequence[Sequence[float]]) -> float:
    """Return which share of the values in several autocorrelated series is worth as much as independent values.

    A noisy neighbour stays for a while, so that a repetition is like the one before it.

    Method: (1 - r) / (1 + r), as of a first-order autoregression (Wilks, Statistical Methods in the Atmospheric
    Sciences, section 5.2.4). r is pooled over the series, corrected for its bias in short ones (Marriott and Pope,
    Biometrika 41, 1954), and reduced by its standard error (Bartlett, Supplement to the Journal of the Royal
    Statistical Society 8, 1946): of few independent values it is often large by chance.
    """
    products = squares = 0.0
    for values in runs:
        mean = fmean(values)
        deviations = [value - mean for value in values]
        squares += fsum(deviation * deviation for deviation in deviations)
        products += fsum(map(float.__mul__, deviations, deviations[1:]))
    if not squares:
        return 1.0
    total = sum(map(len, runs))
    biased = products / squares
    shown = biased + (1 + 4 * biased) * len(runs) / total - 1 / sqrt(total)
    autocorrelation = min(max(0.0, shown), MAX_AUTOCORRELATION)
    return (1 - autocorrelation) / (1 + autocorrelation)
