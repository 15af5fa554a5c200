"""The exact distribution of the rank sum of Mann and Whitney (Annals of Mathematical Statistics 18, 1947)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def walk_distributions(later: int, earlier: int) -> Iterator[tuple[int, int, NDArray[np.float64]]]:
    """Yield the distribution of U for each pair of sample sizes, for independent values of one distribution.

    U counts the pairs of a later and an earlier value of which the later one is larger. Method: the recurrence of Mann
    and Whitney for probabilities. It only adds, so that the smallest probabilities have all their digits.

    Args:
        later: Largest size of the later sample.
        earlier: Largest size of the earlier sample.

    Yields:
        Sizes of the later and of the earlier sample, and the probability of each U from 0 to their product.
    """
    rows = [np.ones(1)] * (earlier + 1)
    for size in range(1, later + 1):
        fewer, rows = rows, [np.ones(1)]
        for other in range(1, earlier + 1):
            row = np.zeros(size * other + 1)
            row[other:] = fewer[other] * size
            row[: size * (other - 1) + 1] += rows[other - 1] * other
            rows.append(row / (size + other))
            yield size, other, rows[other]


def find_critical(distribution: NDArray[np.float64], tail: float) -> int | None:
    """Return the least U that a share `tail` of samples at most reaches; None if even the largest U is more frequent.

    Args:
        distribution: The probability of each U.
        tail: Probability beyond one end.
    """
    reached = np.cumsum(distribution[::-1])
    count = int(np.searchsorted(reached, tail, side="right"))
    return None if count == 0 else len(distribution) - count
