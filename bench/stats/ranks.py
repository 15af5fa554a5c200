"""Which side is slower more often: pairs of repetitions compared by ranks, whatever their distribution.

Where half of all processes run 8% slower, for example by the placement of their memory, means scatter by that much.
Ranks still show 2%: a side that takes 2% longer is slower among the fast processes, and among the slow ones.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from math import exp, gcd, hypot, inf, log

GRAIN = 1e-4
"""Of the logarithm: the change that ranks would show is found to a hundredth of a percent."""


class PairRanks:
    """The ranks of all repetitions of both sides among one another.

    Method: the sum of ranks (Mann and Whitney, Annals of Mathematical Statistics 18, 1947), judged by its distribution
    if either repetition of each pair were equally likely to be new's (Pitman, Supplement to the Journal of the Royal Statistical Society 4,
    1937): what a pair has in common, such as the host's speed in that minute, raises no alarm. The test is exact.
    """

    def __init__(self, pairs: Sequence[tuple[float, float]]) -> None:
        """Take the ranks.

        Args:
            pairs: Seconds an iteration of a repetition of base and of its partner of new.
        """
        self._base = [log(base) for base, _ in pairs]
        self._new = [log(new) for _, new in pairs]

    @cached_property
    def _gaps(self) -> list[int]:
        return self._gaps_if_slower(0.0)

    @cached_property
    def score(self) -> float:
        """Standard score of new's ranks; above 0 if new is the slower more often."""
        return _score(self._gaps)

    @cached_property
    def slower_share(self) -> float:
        """Of any repetition of new and any of base, how often new's is the slower; half of those that are equal."""
        return 0.5 + sum(self._gaps) / (4 * len(self._base) ** 2)

    @cached_property
    def p_value(self) -> float:
        """Share of all ways to swap the sides of pairs in which new's ranks would be this far behind or ahead."""
        import numpy as np

        gaps = [abs(gap) for gap in self._gaps if gap]
        unit = gcd(*gaps) or 1
        total = sum(gaps) // unit
        odds = np.zeros(total + 1)  # of each sum of the gaps in which new is behind
        odds[0] = 1.0
        for gap in gaps:
            step = gap // unit
            odds[step:] = (odds[step:] + odds[: total + 1 - step]) / 2
            odds[:step] /= 2
        fewer = (total - abs(sum(self._gaps)) // unit) // 2
        return min(1.0, 2 * float(odds[: fewer + 1].sum()))

    def detectable_ratio(self, score: float) -> float:
        """Return how much slower new must be for this score than for a score of 0, as a share; infinite if none reaches it."""
        return exp(self.find_shift(score) - self.find_shift(0.0)) - 1

    def find_shift(self, score: float) -> float:
        """Return the least growth of new's logarithms, in steps of `GRAIN`, that reaches a score; infinite if none does."""
        everything = self._base + self._new
        span = max(everything) - min(everything) + GRAIN
        steps = range(round(2 * span / GRAIN) + 2)
        found = bisect_left(steps, score, key=lambda step: _score(self._gaps_if_slower(step * GRAIN - span)))
        return found * GRAIN - span if found < len(steps) else inf

    def _gaps_if_slower(self, shift: float) -> list[int]:
        """Return by how many ranks new is behind base in each pair; doubled, so that equal values share a rank."""
        new = [value + shift for value in self._new]
        ordered = sorted(self._base + new)
        base_ranks, new_ranks = (
            [bisect_left(ordered, value) + bisect_right(ordered, value) for value in side] for side in (self._base, new)
        )
        return [behind - ahead for ahead, behind in zip(base_ranks, new_ranks, strict=True)]


def _score(gaps: Sequence[int]) -> float:
    return sum(gaps) / (hypot(*gaps) or 1.0)
