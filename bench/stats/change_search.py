"""Search the newest end of series for a change of level, by the ranks of the values before and after each split.

Method: the change-point model of Hawkins, Qiu and Kang (Journal of Quality Technology 35, 2003), with the rank sum of
Mann and Whitney as Hawkins and Deng use it (Journal of Quality Technology 42, 2010). For independent values of any one
distribution the rate of false alarms is the same, whether they are normal, of two speeds, or with outliers. Each split is
compared with its own exact distribution, since few values after a split cannot reach the normal one's tails.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from bench.stats.mann_whitney import find_critical, walk_distributions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDOW = 200
"""Newest values of a segment that are compared. Against as many, three values that are all larger suffice."""

SPLITS: tuple[int, ...] = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 23, 26, 30, 35, 40, 46, 53, 60)
"""How many values there are after each split that is tried."""


@cache
def make_critical(tail: float, window: int = WINDOW, splits: tuple[int, ...] = SPLITS) -> Floats:
    """Return the least rank sum U that each split needs for an alarm, shape (window + 1, splits); infinite where none does.

    Args:
        tail: Probability beyond one end, of a split taken by itself.
        window: Largest number of values.
        splits: How many values there are after each split, ascending.

    Returns:
        Rows are numbers of values, before and after the split together.
    """
    places = {count: place for place, count in enumerate(splits)}
    critical = np.full((window + 1, len(splits)), np.inf)
    for later, earlier, distribution in walk_distributions(splits[-1], window):
        if later in places and later + earlier <= window:
            least = find_critical(distribution, tail)
            if least is not None:
                critical[later + earlier, places[later]] = least
    return critical


def rank_sums(values: Floats, counts: Ints) -> Floats:
    """Return U of each split of the newest values of several series, shape (series, splits).

    Args:
        values: Newest last, shape (series, window); what is before a series' first value is infinite.
        counts: How many values each series has.

    Returns:
        The mean of U's two ends where a series is too short for a split. Equal values share their mean rank.
    """
    from scipy.stats import rankdata

    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    with np.errstate(invalid="ignore"):
        tied = (np.diff(ordered, axis=1) == 0).any(axis=1)
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, np.arange(1.0, values.shape[1] + 1)[None, :], axis=1)
    if tied.any():
        ranks[tied] = rankdata(values[tied], axis=1)
    newest = np.cumsum(ranks[:, : -SPLITS[-1] - 1 : -1], axis=1)
    after = np.array([count for count in SPLITS if count <= values.shape[1]])
    sums = np.full((len(values), len(SPLITS)), np.nan)
    sums[:, : len(after)] = newest[:, after - 1] - after * (after + 1) / 2
    splits = np.array(SPLITS)
    products = splits * (counts[:, None] - splits)
    return np.where(counts[:, None] > splits, sums, products / 2)


def find_splits(sums: Floats, counts: Ints, critical: Floats) -> Ints:
    """Return for each series how many values are after the split with the clearest change; 0 where none is clear enough.

    The clearest change has the largest deviation of U from its mean, in standard deviations.

    Args:
        sums: Of `rank_sums`.
        counts: How many values each series has.
        critical: Of `make_critical`.
    """
    splits = np.array(SPLITS)
    earlier = np.maximum(counts[:, None] - splits, 1)
    products = splits * earlier
    high = np.maximum(sums, products - sums)
    reached = high >= critical[counts]
    deviation = np.where(reached, (high - products / 2) / np.sqrt(products * (counts[:, None] + 1) / 12), -1.0)
    best = np.argmax(deviation, axis=1)
    return np.where(reached.any(axis=1), splits[best], 0)


def gather(values: Floats, ends: Ints, counts: Ints) -> tuple[Floats, Floats]:
    """Return the newest values of several series that lie one behind another, and of each the value before it.

    Both have the shape (series, `WINDOW`); what is before a series' first value is infinite.

    Args:
        values: Of all series.
        ends: Index of each series' newest value.
        counts: How many values each series has, at most `WINDOW`.
    """
    padded = np.concatenate([np.zeros(WINDOW), values])
    found = np.lib.stride_tricks.sliding_window_view(padded, WINDOW + 1)[ends]
    absent = np.arange(1 - WINDOW, 1) <= -counts[:, None]
    return np.where(absent, np.inf, found[:, 1:]), np.where(absent, np.inf, found[:, :-1])
