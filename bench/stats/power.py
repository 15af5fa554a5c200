"""What a comparison could have shown: the smallest change that it would mostly find."""

from math import exp

POWER = 0.8
"""Share of comparisons that show an effect of the size called detectable (Cohen, Statistical Power Analysis, 1988)."""

MAX_REACH = 100.0
"""Largest logarithm of a change, and of the reach of an interval. Student's quantile of one degree of freedom at the
level of one of many cells is so large that its exponential is no number."""


def detectable_change(*, error: float, degrees_of_freedom: float, level: float, allowance: float = 0.0) -> float:
    """Return the smallest change, as a share, that a share `POWER` of comparisons with this error would show.

    Method: the sum of the level's and the power's quantiles of Student's t, times the standard error; Cohen (1988),
    chapter 2.

    Args:
        error: Standard error of the logarithm of the ratio.
        degrees_of_freedom: Of the error.
        level: Share of false alarms, two-sided.
        allowance: Of the logarithm: what is attributed to the host before a change counts.
    """
    from scipy.special import stdtrit

    quantiles = float(stdtrit(degrees_of_freedom, 1 - level / 2) + stdtrit(degrees_of_freedom, POWER))
    return exp(min(quantiles * error, MAX_REACH) + allowance) - 1
