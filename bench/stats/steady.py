"""Whether samples are steady: when a warm-up has ended, and whether a repetition slides.

Rule of a steady state: the last `WINDOW` samples scatter by less than `SCATTER_LIMIT`, and the later half of them is
not faster or slower than the earlier half by more than `TREND_LIMIT`.
Source: Georges, Buytaert and Eeckhout, Statistically Rigorous Java Performance Evaluation (OOPSLA 2007), section 4.2.2:
a coefficient of variation below 0.02 over the last k samples. Theirs is of the standard deviation, which a single
interrupt spoils. Ours is of the median absolute deviation, which one outlier in the window does not move. The trend is
ours: a slow slide has little scatter.
"""

from collections.abc import Sequence
from math import erfc, sqrt
from statistics import median

WINDOW = 6
SCATTER_LIMIT = 0.02
TREND_LIMIT = 0.02

SLIDE_LIMIT = 0.05
"""Change from the first to the last third. Of 133 quiet repetitions 11% changed by more, up as often as down: it is the
host's clock and neighbours, so a slide is marked and voids nothing."""

SLIDE_P_VALUE = 0.05
"""Of the rank test. With the change it fires in 6% of quiet repetitions, and in 0.3% of the same ones shuffled."""

_NORMAL = 1.4826
"""Makes the median absolute deviation of normal samples equal to their standard deviation."""


def is_steady(values: Sequence[float]) -> bool:
    """Return whether the last `WINDOW` values are steady. Fewer values are not."""
    if len(values) < WINDOW:
        return False
    last = values[-WINDOW:]
    half = WINDOW // 2
    trend = abs(median(last[half:]) / median(last[:half]) - 1)
    if trend >= TREND_LIMIT:
        return False
    middle = median(last)
    scatter = _NORMAL * median([abs(value - middle) for value in last]) / middle
    return scatter < SCATTER_LIMIT


def is_sliding(values: Sequence[float]) -> bool:
    """Return whether the last third of a repetition's samples differs from the first in size and by ranks."""
    third = len(values) // 3
    if third < 2:
        return False
    first, last = values[:third], values[-third:]
    change = abs(median(last) / median(first) - 1)
    return change > SLIDE_LIMIT and _rank_p_value(first, last) < SLIDE_P_VALUE


def _rank_p_value(first: Sequence[float], last: Sequence[float]) -> float:
    """Return the two-sided p-value of the sum of ranks of two samples of equal size.

    Method: Mann and Whitney (Annals of Mathematical Statistics 18, 1947), by the normal approximation with its correction
    for continuity. It is on the safe side for few values: two of three against three are not significant.
    """
    import numpy as np

    ordered = np.sort(np.asarray(first))
    below, up_to = (np.searchsorted(ordered, last, side=side).sum() for side in ("left", "right"))
    count = len(first)
    middle = count * count / 2
    distance = max(0.0, abs(float(below + up_to) / 2 - middle) - 0.5)
    return erfc(distance / sqrt(count * count * (2 * count + 1) / 12) / sqrt(2))
