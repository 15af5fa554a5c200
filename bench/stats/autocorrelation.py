"""The correlation from one run to the next, pooled over the cells of one host."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_AUTOCORRELATION = 0.9
"""Largest that is used. Beyond it a host wanders, and has no level that could change."""

UNSEEN = 14
"""Newest runs that the correlation is not learned from, or half of them if they are few: a change of level among them
would look like correlation, and hide itself."""

VALUES_MIN = 6
"""Fewest values of a segment that show anything."""

CELLS_ALIKE = 0.25
"""Squared correlation that is assumed between the deviations of two cells in one run."""


class Sums(NamedTuple):
    """Running sums over one series, shape (values + 1,): each is of what is before its place.

    Attributes:
        values: Of deviations from the series' mean.
        squares: Of their squares.
        products: Of products of each deviation with the one before it; of the first, 0.
    """

    values: Floats
    squares: Floats
    products: Floats


class Shown(NamedTuple):
    """What segments show, each array one entry a look.

    Attributes:
        weighted: Lag-1 correlations, each times the segment's number of values, and their sum.
        values: Numbers of values, and their sum.
        segments: How many there are.
        longest: Number of values of the longest.
    """

    weighted: Floats
    values: Floats
    segments: Floats
    longest: Floats


def sum_up(values: Floats) -> Sums:
    """Return the running sums of a series."""
    deviations = values - values.mean()
    products = np.concatenate(([0.0], deviations[1:] * deviations[:-1]))
    return Sums(*(np.concatenate(([0.0], np.cumsum(part))) for part in (deviations, deviations**2, products)))


def correlate(sums: Sums, start: int, ends: Ints) -> tuple[Floats, Floats]:
    """Return the lag-1 correlation of the values of a segment, and their number; both 0 of too few.

    Args:
        sums: Of the series.
        start: Index of the segment's first value.
        ends: Index after its last value, one entry a look.
    """
    counts = np.maximum(ends - start, 0)
    at = np.where(counts >= VALUES_MIN, ends, start + 1)
    size = at - start
    total = sums.values[at] - sums.values[start]
    mean = total / size
    squares = sums.squares[at] - sums.squares[start] - size * mean**2
    last = sums.values[at] - sums.values[at - 1]
    first = sums.values[start + 1] - sums.values[start]
    products = sums.products[at] - sums.products[start + 1] - mean * (2 * total - first - last) + (size - 1) * mean**2
    usable = (counts >= VALUES_MIN) & (squares > 0)
    share = np.divide(products, squares, out=np.zeros(len(at)), where=usable)
    return share, np.where(usable, counts, 0).astype(float)


def pool(parts: Sequence[tuple[Floats, Floats]]) -> Shown:
    """Return what several segments show together.

    Args:
        parts: Of `correlate`, one entry a segment.
    """
    shares, counts = (np.stack(column) for column in zip(*parts, strict=True))
    return Shown((shares * counts).sum(axis=0), counts.sum(axis=0), (counts > 0).sum(axis=0), counts.max(axis=0))


def estimate(shown: Shown) -> Floats:
    """Return the correlation to allow for, one entry a look: what is shown, and its standard error.

    Method: the pooled correlation, corrected for its bias in short series (Marriott and Pope, Biometrika 41, 1954).
    The standard error is Bartlett's, of as many independent cells as those of one host are worth. It is added: too
    small a correlation raises false alarms, and too large a one only delays them. Without any values: the largest.
    """
    values = np.maximum(shown.values, 1)
    biased = shown.weighted / values
    unbiased = biased + (1 + 4 * biased) * shown.segments / values
    cells = values / np.maximum(shown.longest, 1)
    independent = shown.longest * cells / (1 + (cells - 1) * CELLS_ALIKE)
    raised = unbiased + 1 / np.sqrt(np.maximum(independent, 1))
    return np.where(shown.values > 0, np.clip(raised, 0, MAX_AUTOCORRELATION), MAX_AUTOCORRELATION)
