"""When a warm-up has ended.

Rule: the last `WINDOW` samples scatter by less than `SCATTER_LIMIT`, and the later half of them is
not faster or slower than the earlier half by more than `TREND_LIMIT`.
Source: Georges, Buytaert and Eeckhout, Statistically Rigorous Java Performance Evaluation (OOPSLA
2007), section 4.2.2: a coefficient of variation below 0.02 over the last k samples. Theirs is of the
standard deviation, which a single interrupt spoils; ours is of the median absolute deviation, which
one outlier in the window does not move. The trend is ours: a slow slide has little scatter.
"""

from collections.abc import Sequence
from statistics import median

WINDOW = 6
SCATTER_LIMIT = 0.02
TREND_LIMIT = 0.02

_NORMAL = 1.4826
"""Makes the median absolute deviation of normal samples equal to their standard deviation."""


def is_steady(values: Sequence[float]) -> bool:
    """Whether the last `WINDOW` values are steady. Fewer values are not."""
    if len(values) < WINDOW:
        return False
    last = values[-WINDOW:]
    middle = median(last)
    scatter = _NORMAL * median(abs(value - middle) for value in last) / middle
    half = WINDOW // 2
    trend = abs(median(last[half:]) / median(last[:half]) - 1)
    return scatter < SCATTER_LIMIT and trend < TREND_LIMIT
