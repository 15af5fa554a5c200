"""The correlation from one run to the next: of the cells of one host together, and of each cell where it has more.

Method: a first-order autoregression seen through the points' own errors. Its coefficient is the lag-1 correlation, from
which the part of the variance that repetitions explain is left out. A host whose drift lasts for weeks, and which scatters
from night to night besides, is no such process: its correlation at lag 1 is small, and does not fall off. So the
correlations at lags 2 and 4 count as well, each by the coefficient that would give it, as far as they are certain.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LAGS = (1, 2, 4)

MAX_AUTOCORRELATION = 0.9
"""Largest that is used. Beyond it a host wanders, and has no level that could change."""

UNSEEN = 14
"""Newest runs that the correlation is not learned from, or half of them if they are few: a change of level among them
would look like correlation, and hide itself."""

VALUES_MIN = 8
"""Fewest values of a segment that show anything."""

STEADY = 1e-6
"""Standard deviation up to which values count as equal: less is what rounding leaves of them."""

EXPLAINED_MAX = 0.75
"""Largest share of the variance that is left out because repetitions explain it."""

CELLS_ALIKE = 0.25
"""Squared correlation that is assumed between the deviations of two cells in one run."""


class Sums(NamedTuple):
    """Running sums over one series, shape (values + 1,): each is of what is before its place.

    Attributes:
        values: Of deviations from the series' mean.
        squares: Of their squares.
        products: Of products of each deviation with an earlier one, for each of `LAGS`; 0 where there is none.
        own: Of the variances by repetitions.
    """

    values: Floats
    squares: Floats
    products: tuple[Floats, ...]
    own: Floats


class Shown(NamedTuple):
    """What a segment shows, one entry a look.

    Attributes:
        shares: Its correlations, shape (lags, looks); 0 of too few values.
        counts: Number of its values; 0 of too few.
    """

    shares: Floats
    counts: Floats


def sum_up(values: Floats, variances: Floats) -> Sums:
    """Return the running sums of a series.

    Args:
        values: Of the series.
        variances: By the scatter of each point's repetitions.
    """
    deviations = values - values.mean()
    products = tuple(_accumulate(_lag_products(deviations, lag)) for lag in LAGS)
    return Sums(_accumulate(deviations), _accumulate(deviations**2), products, _accumulate(variances))


def correlate(sums: Sums, start: int, ends: Ints) -> Shown:
    """Return the correlations of the values of a segment.

    Args:
        sums: Of the series.
        start: Index of the segment's first value.
        ends: Index after its last value, one entry a look.
    """
    counts = np.maximum(ends - start, 0)
    enough = counts >= VALUES_MIN
    at = np.where(enough, ends, start)
    size = np.maximum(at - start, 1)
    total = sums.values[at] - sums.values[start]
    mean = total / size
    squares = sums.squares[at] - sums.squares[start] - size * mean**2
    own = np.minimum(sums.own[at] - sums.own[start], EXPLAINED_MAX * squares)
    usable = enough & (squares > size * STEADY**2)
    shares = np.zeros((len(LAGS), len(at)))
    for row, lag in enumerate(LAGS):
        first = np.minimum(start + lag, at)
        last = np.maximum(at - lag, start)
        later, earlier = sums.values[at] - sums.values[first], sums.values[last] - sums.values[start]
        products = (
            sums.products[row][at] - sums.products[row][first] - mean * (later + earlier) + (at - first) * mean**2
        )
        np.divide(products, squares - own, out=shares[row], where=usable)
    return Shown(np.clip(shares, -1.0, 1.0), np.where(usable, counts, 0).astype(float))


def pool(parts: Sequence[Shown]) -> Floats:
    """Return the coefficient to allow for in all cells of a host, one entry a look.

    Method: pooled correlations, corrected for their bias in short series (Marriott and Pope, Biometrika 41, 1954). The
    standard error is Bartlett's, of as many independent cells as those of one host are worth. At lag 1 it is added: too
    small a coefficient raises false alarms, and too large a one only delays them. Of the others twice of it is taken
    off, or each of their roots would be large by chance. Without any values: the largest.

    Args:
        parts: Of all segments.
    """
    counts = np.stack([part.counts for part in parts])
    values, longest = counts.sum(axis=0), np.maximum(counts.max(axis=0), 1)
    weighted = np.stack([part.shares * part.counts for part in parts]).sum(axis=0) / np.maximum(values, 1)
    shares = _correct(weighted, values / np.maximum((counts > 0).sum(axis=0), 1))
    cells = values / longest
    error = np.sqrt((1 + (cells - 1) * CELLS_ALIKE) / np.maximum(longest * cells, 1))
    raised = np.stack(
        [shares[0] + error, *(_find_root(shares[row] - 2 * error, LAGS[row]) for row in range(1, len(LAGS)))]
    )
    found = np.where(values > 0, raised.max(axis=0), MAX_AUTOCORRELATION)
    return np.clip(found, 0.0, MAX_AUTOCORRELATION)


def allow_for_cell(pooled: Floats, own: Shown) -> Floats:
    """Return the coefficient to allow for in one cell: the pooled one, or its own estimate where that is larger.

    Args:
        pooled: Of the host.
        own: Of the cell's current segment.
    """
    size = np.maximum(own.counts, 1)
    alone = np.where(own.counts > 0, _correct(own.shares, size)[0], 0.0)
    return np.clip(np.maximum(pooled, alone), 0.0, MAX_AUTOCORRELATION)


def _accumulate(values: Floats) -> Floats:
    return np.concatenate(([0.0], np.cumsum(values)))


def _lag_products(deviations: Floats, lag: int) -> Floats:
    products = np.zeros(len(deviations))
    products[lag:] = deviations[lag:] * deviations[:-lag]
    return products


def _correct(shares: Floats, size: Floats) -> Floats:
    corrected: Floats = shares + (1 + 4 * shares) / np.maximum(size, VALUES_MIN)
    return corrected


def _find_root(share: Floats, lag: int) -> Floats:
    root: Floats = np.maximum(share, 0) ** (1 / lag)
    return root
