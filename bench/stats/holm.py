"""Multiple comparisons: Holm's step-down procedure.

Method: Holm, A Simple Sequentially Rejective Multiple Test Procedure (Scandinavian Journal of Statistics 6,
1979). It keeps the chance of any false alarm among all cells below the level, whatever their dependence.
"""

from collections.abc import Sequence
from itertools import accumulate


def adjust(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return adjusted p-values, in the order given. One at or below a level is significant at that level."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    stepped = (min(1.0, p_values[index] * (len(order) - rank)) for rank, index in enumerate(order))
    adjusted = dict(zip(order, accumulate(stepped, max), strict=True))
    return tuple(adjusted[index] for index in range(len(order)))


def step_levels(p_values: Sequence[float], level: float) -> tuple[float, ...]:
    """Return the level that the procedure compares each value with, in the order given.

    The smallest is compared with `level` over the number of values, the next with `level` over one fewer, and so on.
    The first that is not significant and all after it are compared with the same. An interval at that level agrees
    with the verdict.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    levels: dict[int, float] = {}
    current, all_significant = level, True
    for rank, index in enumerate(order):
        current = level / (len(order) - rank) if all_significant else current
        all_significant = all_significant and p_values[index] <= current
        levels[index] = current
    return tuple(levels[index] for index in range(len(order)))
