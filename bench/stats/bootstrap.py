"""The two-level bootstrap, over repetitions and then over the samples within each, in closed form.

Samples of one process share its memory layout, its compiled code and its hour, so they are not independent;
repetitions in fresh processes are. Resampling both levels keeps that structure. Of the resamples' distribution only
the standard error is used, and for means, medians and ratios that needs no resampling: what stands here is what
infinitely many resamples would give. It has no seed, no error of its own, and a bundle of a million samples
verifies at once.

Method: Davison and Hinkley, Bootstrap Methods and their Application (1997), section 3.8; for benchmarks Kalibera and
Jones, Rigorous Benchmarking in Reasonable Time (ISMM 2013); the ideal bootstrap by Efron and Tibshirani, An
Introduction to the Bootstrap (1993), chapter 6. Variances are of logarithms throughout: 2% up and 2% down are alike,
and no interval reaches below zero.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import exp, inf, isfinite, log
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from bench.errors import TooNoisyError
from bench.records.summary import Interval

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

_REACH_MAX = 300.0
"""Of a logarithm: an interval that goes a hundred orders of magnitude either way says nothing."""


class Estimate(NamedTuple):
    """A positive statistic.

    Attributes:
        value: The point.
        centre: The mean of its resamples' logarithms.
        variance: Of its resamples' logarithms.
    """

    value: float
    centre: float
    variance: float


def estimate_median(values: "Array") -> Estimate:
    """The median, with the variance of its bootstrap distribution.

    Method: Maritz and Jarrett, A Note on Estimating the Variance of the Sample Median (JASA 73, 1978), which is exact
    for an odd number of values; between two middle ones the same weights as Harrell and Davis, A New Distribution-Free
    Quantile Estimator (Biometrika 69, 1982).

    Raises:
        TooNoisyError: a value is not finite and positive.
    """
    import numpy as np

    ordered = np.sort(values)
    if not (ordered[0] > 0 and np.isfinite(ordered[-1])):
        raise TooNoisyError("samples give no finite statistic; measure the cell again")
    count = len(ordered)
    middle = float(ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    logs = np.log(ordered)
    weights = _median_weights(count)
    centre = float(weights @ logs)
    return Estimate(middle, centre, float(weights @ (logs - centre) ** 2))


def estimate_ratio(numerators: "Array", denominators: "Array") -> Estimate:
    """The ratio of two sums over the same samples.

    Method: the ratio estimator's linearised variance, Cochran, Sampling Techniques (1977), section 6.4.

    Raises:
        TooNoisyError: the ratio is not finite and positive.
    """
    total = float(denominators.sum())
    ratio = float(numerators.sum()) / total if total else inf
    if not 0 < ratio < inf:
        raise TooNoisyError("samples give no finite statistic; measure the cell again")
    residuals = numerators - ratio * denominators
    return Estimate(ratio, log(ratio), float(residuals @ residuals) / (ratio * total) ** 2)


def add(parts: Sequence[Estimate]) -> Estimate:
    """The sum of independent estimates, such as the rates of a layout's instances, to first order."""
    total = sum(part.value for part in parts)
    shares = [part.value / total for part in parts]
    return Estimate(
        value=total,
        centre=log(total)
        + sum(share * (one.centre - log(one.value)) for share, one in zip(shares, parts, strict=True)),
        variance=sum(share**2 * one.variance for share, one in zip(shares, parts, strict=True)),
    )


def average_instances(parts: Sequence[Estimate]) -> Estimate:
    """The mean of the estimates of one repetition's instances."""
    total, count = add(parts), len(parts)
    return Estimate(total.value / count, total.centre - log(count), total.variance)


def join_repetitions(repetitions: Sequence[Estimate]) -> Estimate:
    """The mean over repetitions, with the two-level bootstrap's variance.

    A drawn repetition varies as repetitions do, and by its own samples; the mean of n draws has an n-th of that. The
    variance of n values comes out short by (n - 1) / n, for which it is made up; one repetition says nothing of others,
    and has the variance of its samples alone.

    Method: for the correction Hesterberg, What Teachers Should Know About the Bootstrap (The American Statistician 69,
    2015), section 3.2.
    """
    count = len(repetitions)
    centres = [one.centre for one in repetitions]
    centre = fmean(centres)
    within = fmean(one.variance for one in repetitions)
    return Estimate(
        value=fmean(one.value for one in repetitions),
        centre=centre,
        variance=within if count == 1 else (fmean((one - centre) ** 2 for one in centres) + within) / (count - 1),
    )


def confidence_interval(joined: Estimate, *, confidence: float, repetitions: int) -> Interval:
    """The interval around a mean over repetitions that covers as often as it says for few repetitions.

    Student's t times the bootstrap's standard error: a percentile interval of two repetitions would span their two
    values and no more, and hold the truth half of the time. Of one repetition, the normal interval of its samples.

    Method: Hesterberg (2015), section 4.3, the t interval with bootstrap standard error.

    Args:
        joined: Of `join_repetitions`.
        confidence: Of the interval.
        repetitions: That were joined.

    Raises:
        TooNoisyError: it would reach over more than a hundred orders of magnitude either way.
    """
    from scipy.special import ndtri, stdtrit

    upper = (1 + confidence) / 2
    quantile = float(stdtrit(repetitions - 1, upper) if repetitions > 1 else ndtri(upper))
    reach = quantile * joined.variance**0.5
    if not (isfinite(reach) and reach < _REACH_MAX):
        raise TooNoisyError("samples give no finite statistic; measure the cell again")
    return Interval(point=joined.value, low=joined.value * exp(-reach), high=joined.value * exp(reach))


@lru_cache(maxsize=256)
def _median_weights(count: int) -> "Array":
    """How likely each of `count` ordered values is the median of a resample, shape (count,)."""
    import numpy as np
    from scipy.special import betainc

    shape = (count + 1) / 2
    weights: Array = np.diff(betainc(shape, shape, np.arange(count + 1) / count))
    return weights
