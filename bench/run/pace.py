"""Time: what a run has used, what its cells will need, and what is to spare."""

from collections.abc import Callable, Iterable
from statistics import mean

from bench.launch.plan import FIRST_S, PROBE_S, estimate_repetition_s, probe_interval_s
from bench.records.plan import Policy


class Pace:
    """The clock of one session of a run. What earlier sessions took is not in it: nobody waited for them."""

    def __init__(self, policy: Policy, clock: Callable[[], float]) -> None:
        """Start the clock.

        Args:
            policy: Of the plan.
            clock: Seconds that never step.
        """
        self._policy = policy
        self._clock = clock
        self._began = clock()
        self._took: dict[str, list[float]] = {}
        self._probed: list[float] = []

    @property
    def elapsed_s(self) -> float:
        """Since the session began."""
        return self._clock() - self._began

    def add(self, cell: str, seconds: float) -> None:
        """Record how long a repetition of a cell took, from start to end of its processes."""
        self._took.setdefault(cell, []).append(seconds)

    def add_probe(self, seconds: float) -> None:
        """Record how long a probe of all layouts took, without peaks."""
        self._probed.append(seconds)

    @property
    def probe_s(self) -> float:
        """Seconds of a probe, by those that were taken."""
        return mean(self._probed) if self._probed else PROBE_S

    def expect_s(self, remaining: Iterable[tuple[str, int]]) -> float:
        """Return the seconds that so many repetitions of each cell will take, with the probes between them.

        Expect the mean of a cell's earlier repetitions, but for its first, which takes longer, if there are others; of all
        cells' if it has none; the estimate if no cell has any, whose first one takes longer.
        """
        known = {cell: mean(took[1:] or took) for cell, took in self._took.items()}
        other_s = mean(known.values()) if known else estimate_repetition_s(self._policy)
        expected = [(known.get(cell, other_s), count) for cell, count in remaining if count]
        measuring_s = sum(seconds * count for seconds, count in expected)
        if not known:
            measuring_s += FIRST_S * len(expected)
        if not measuring_s:
            return 0.0
        interval_s = probe_interval_s(measuring_s / sum(count for _, count in expected), self.probe_s)
        return measuring_s + self.probe_s * (measuring_s // interval_s)

    def spare_s(self, remaining: Iterable[tuple[str, int]]) -> float:
        """Return the seconds that so many repetitions and the last probe leave until the aim or budget; infinite without it."""
        until_s = self._policy.more_until_s
        return float("inf") if until_s is None else until_s - self.elapsed_s - self.expect_s(remaining) - self.probe_s
