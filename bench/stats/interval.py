"""The interval around a mean over repetitions.

It rests on repetitions alone: the scatter between repetitions includes that of the samples within each. Adding the
samples' scatter once more would make intervals 1.2 to 1.9 times too wide. Logarithms throughout: 2% up and 2% down
are symmetric, and no interval reaches below zero.
"""

from collections.abc import Sequence
from math import exp, hypot, inf, isfinite, log, sqrt
from statistics import fmean
from typing import NamedTuple

from bench.errors import TooNoisyError
from bench.records.summary import Interval
from bench.stats.method import METHOD, Method
from bench.stats.variance import REPETITIONS_MIN, effective_share, sample_variance

_REACH_MAX = 300.0
"""Of a logarithm: an interval over a hundred orders of magnitude either way says nothing, and `exp` would overflow."""


class MeanError(NamedTuple):
    """The error of a mean of logarithms.

    Attributes:
        error: Standard error.
        degrees_of_freedom: Of the error, at least 1.
    """

    error: float
    degrees_of_freedom: float


def estimate_error(logs: Sequence[float], method: Method = METHOD) -> MeanError:
    """Return the error of a mean of at least two values, where correlated repetitions count for fewer."""
    count = len(logs) * effective_share([logs])
    return MeanError(
        error=sqrt(sample_variance(logs) / count),
        degrees_of_freedom=float(max(count - 1, min(method.degrees_of_freedom_min, len(logs) - 1))),
    )


def mean_interval(values: Sequence[float], *, confidence: float, method: Method = METHOD) -> Interval:
    """Return the geometric mean over repetitions with its interval.

    From `REPETITIONS_MIN` values on it is Student's. Fewer values allow no such claim: the interval is then their range,
    and the summary's marks say so.

    Method: Student (Biometrika 6, 1908) on logarithms; for benchmarks Kalibera and Jones, Rigorous Benchmarking in
    Reasonable Time (ISMM 2013), where the highest level that varies is the repetition.

    Args:
        values: One a repetition, positive and finite.
        confidence: Of the interval.
        method: Of the summary.

    Raises:
        TooNoisyError: a value is not positive and finite, or the interval would be endless.
    """
    if not values or not all(0 < value < inf for value in values):
        raise TooNoisyError("repetitions give no finite statistic; measure the cell again")
    logs = [log(value) for value in values]
    centre = fmean(logs)
    # Rounding of exp and log may put the mean of equal values just beside them.
    point = min(max(exp(centre), min(values)), max(values))
    if len(values) < REPETITIONS_MIN:
        return Interval(point=point, low=min(values), high=max(values))
    return _student_interval(point, estimate_error(logs, method), confidence)


def _student_interval(point: float, mean: MeanError, confidence: float) -> Interval:
    from scipy.special import stdtrit

    reach = float(stdtrit(mean.degrees_of_freedom, (1 + confidence) / 2)) * mean.error
    if not (isfinite(reach) and reach < _REACH_MAX):
        raise TooNoisyError("repetitions give no finite interval; measure the cell again")
    return Interval(point=point, low=point * exp(-reach), high=point * exp(reach))


def divide_intervals(base: Interval, new: Interval) -> Interval:
    """Return base over new, two independent intervals, with the interval that is as sure as theirs.

    Method: variances recovered from limits (Zou and Donner, Statistics in Medicine 27, 2008), of logarithms.
    """
    point = base.point / new.point
    down = hypot(log(base.point / base.low), log(new.high / new.point))
    up = hypot(log(base.high / base.point), log(new.point / new.low))
    return Interval(point=point, low=point * exp(-down), high=point * exp(up))


def widen_to_range(interval: Interval, values: Sequence[float]) -> Interval:
    """Return the interval, widened so that it holds every value: noise that lasts is no scatter about a mean."""
    return Interval(point=interval.point, low=min(interval.low, *values), high=max(interval.high, *values))
