"""One-sided tolerance limits: where nearly all good units lie, judged by a few of them.

What scatters is the unit, so a value here is one bundle's number, never a sample: a thousand samples
of one machine say nothing about the next machine.
"""

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Literal

from bench.records.reason import Reason
from bench.records.summary import Interval

Side = Literal["upper", "lower"]

REACH_LIMIT = 2.0
"""A limit of more than twice the mean, or less than half of it, would pass units that nobody calls alike."""


class NoLimitError(Exception):
    """References are too few, too noisy or too much alike to give a limit.

    Attributes:
        reason: The same as data: it becomes part of a verdict.
    """

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(" ".join((code, *(f"{name}={value}" for name, value in values.items()))))
        self.reason = Reason(code=code, values=values)


def tolerance_factor(count: int, *, coverage: float, confidence: float) -> float:
    """Return the standard deviations between the mean of `count` normal values and their tolerance limit.

    Method: the quantile of the noncentral t distribution; Natrella, Experimental Statistics (NBS
    Handbook 91, 1963), section 2-3 and table A-7; NIST/SEMATECH e-Handbook, section 7.2.6.3; ISO 16269-6.

    Args:
        count: Values, at least 2.
        coverage: Share of all values beyond which the limit lies.
        confidence: That it does.
    """
    from scipy.special import ndtri
    from scipy.stats import nct

    return float(nct.ppf(confidence, count - 1, float(ndtri(coverage)) * math.sqrt(count)) / math.sqrt(count))


def tolerance_limit(values: Sequence[float], *, coverage: float, confidence: float, side: Side) -> float:
    """Return the limit that a share `coverage` of all such values keeps, with a stated confidence.

    Times and rates scatter by shares of themselves, so their logarithms are assumed to be normal.

    Args:
        values: One per reference, positive.
        coverage: As for `tolerance_factor`.
        confidence: The same.
        side: `upper` for values that must not be larger, `lower` for those that must not be smaller.

    Raises:
        NoLimitError: fewer than two values; or all are equal, as independent measurements never are; or
            they scatter so much that the limit lies beyond `REACH_LIMIT`.
    """
    if len(values) < 2:
        raise NoLimitError("too_few_references", found=str(len(values)), needed="2")
    logs = [math.log(value) for value in values]
    scatter = stdev(logs)
    if scatter == 0:
        raise NoLimitError("equal_references", references=str(len(values)), value=repr(values[0]))
    reach = tolerance_factor(len(values), coverage=coverage, confidence=confidence) * scatter
    if reach > math.log(REACH_LIMIT):
        raise NoLimitError(
            "scattered_references",
            references=str(len(values)),
            scatter_percent=f"{scatter * 100:.1f}",
            reach_limit=f"{REACH_LIMIT:g}",
        )
    return math.exp(fmean(logs) + (reach if side == "upper" else -reach))


def ratio_interval(value: Interval, reference: Interval) -> Interval:
    """Return the ratio of two independent positive values that have intervals.

    Method: variance estimates recovered from the limits, on logarithms; Zou and Donner, Construction of
    confidence limits about effect measures (Statistics in Medicine 27, 2008).

    Raises:
        NoLimitError: an interval reaches down to 0, so the ratio has no bound.
    """
    if min(value.low, reference.low) <= 0:
        raise NoLimitError("unbounded_ratio", low=repr(min(value.low, reference.low)))
    point = math.log(value.point / reference.point)
    below = math.hypot(math.log(value.point / value.low), math.log(reference.high / reference.point))
    above = math.hypot(math.log(value.high / value.point), math.log(reference.point / reference.low))
    return Interval(point=math.exp(point), low=math.exp(point - below), high=math.exp(point + above))


def geometric_interval(values: Sequence[float], *, confidence: float) -> Interval:
    """Return the geometric mean of two or more positive values, with its interval by Student's t on logarithms."""
    from scipy.special import stdtrit

    logs = [math.log(value) for value in values]
    middle = fmean(logs)
    reach = float(stdtrit(len(logs) - 1, 0.5 + confidence / 2)) * stdev(logs) / math.sqrt(len(logs))
    return Interval(point=math.exp(middle), low=math.exp(middle - reach), high=math.exp(middle + reach))
