"""A rank test of pairs of repetitions: which side is slower more often, whatever the distribution.

Where half of all processes run 8% slower, for example because of where their memory lies, means scatter with it. Among
the fast processes, and among the slow ones, a program that takes 2% longer is slower each time: ranks show it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from math import exp, gcd, hypot, inf, log

GRAIN = 1e-4
"""Step of the logarithm in which the smallest change that ranks would show is searched: a hundredth of a percent."""


class PairRanks:
    """The ranks of the repetitions of both sides among all of them.

    Method: the sum of ranks (Mann and Whitney, Annals of Mathematical Statistics 18, 1947), with its distribution over
    all ways to swap the two of a pair (Pitman, Supplement to the Journal of the Royal Statistical Society 4, 1937).
    What a pair has in common, such as the host's speed in that minute, raises no alarm. The test is exact.
    """

    def __init__(self, pairs: Sequence[tuple[float, float]]) -> None:
        """Rank the repetitions.

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
        """Return the standard score of new's ranks: above 0 if new is slower more often."""
        return _score(self._gaps)

    @cached_property
    def slower_share(self) -> float:
        """Return the share of all pairings of a repetition of new with one of base in which new's is slower.

        Equal ones count half.
        """
        return 0.5 + sum(self._gaps) / (4 * len(self._base) ** 2)

    @cached_property
    def p_value(self) -> float:
        """Return the two-sided p-value: the share of all ways to swap pairs that give a score this far from 0."""
        import numpy as np

        gaps = [abs(gap) for gap in self._gaps if gap]
        unit = gcd(*gaps) or 1
        total = sum(gaps) // unit
        odds = np.zeros(total + 1)  # probability of each sum of the gaps in which new is behind
        odds[0] = 1.0
        for gap in gaps:
            step = gap // unit
            odds[step:] = (odds[step:] + odds[: total + 1 - step]) / 2
            odds[:step] /= 2
        fewer = (total - abs(sum(self._gaps)) // unit) // 2
        return min(1.0, 2 * float(odds[: fewer + 1].sum()))

    def detectable_ratio(self, score: float) -> float:
        """Return how much slower new must be for this score than for a score of 0, as a share.

        Infinite if no slowdown reaches the score.
        """
        return exp(self.find_shift(score) - self.find_shift(0.0)) - 1

    def find_shift(self, score: float) -> float:
        """Return the least shift of new's logarithms that reaches a score, in steps of `GRAIN`; infinite if none does."""
        logarithms = self._base + self._new
        span = max(logarithms) - min(logarithms) + GRAIN
        steps = range(round(2 * span / GRAIN) + 2)
        found = bisect_left(steps, score, key=lambda step: _score(self._gaps_if_slower(step * GRAIN - span)))
        return found * GRAIN - span if found < len(steps) else inf

    def _gaps_if_slower(self, shift: float) -> list[int]:
        """Return by how many ranks new is behind base in each pair, doubled so that ties have whole ranks."""
        new = [value + shift for value in self._new]
        ordered = sorted(self._base + new)
        base_ranks, new_ranks = (
            [bisect_left(ordered, value) + bisect_right(ordered, value) for value in side] for side in (self._base, new)
        )
        return [behind - ahead for ahead, behind in zip(base_ranks, new_ranks, strict=True)]


def _score(gaps: Sequence[int]) -> float:
    return sum(gaps) / (hypot(*gaps) or 1.0)
