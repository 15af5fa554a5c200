"""The progress of a cell: what was measured of it so far, and whether that is enough."""

from collections.abc import Sequence
from itertools import product
from math import ceil, inf
from typing import Literal, NamedTuple

from bench.records.measurement import Repetition
from bench.records.plan import Cell, Policy
from bench.records.probe import Probe
from bench.records.reason import Reason
from bench.records.summary import CellSummary
from bench.stats.method import METHOD, Method
from bench.stats.noise import mark_invalid
from bench.stats.summary import summarize_cell

Stop = Literal["precise", "repetitions", "budget"]


class CellProgress(NamedTuple):
    """The progress of one cell at one moment.

    Attributes:
        completed: Its repetitions, invalid ones too.
        valid: Its valid repetitions.
        summary: Of the repetitions so far; None if they give no number.
    """

    completed: int
    valid: int
    summary: CellSummary | None

    def remaining(self, policy: Policy) -> int:
        """Return how many repetitions the cell must still get, even if the time is used up."""
        return max(0, min(policy.repetitions_min - self.valid, policy.attempts_max - self.completed))

    def expected(self, policy: Policy) -> int:
        """Return how many repetitions it is expected to still get, one at least, if there is time for them.

        An interval narrows with the root of the number of repetitions.
        """
        least = max(1, self.remaining(policy))
        if self.summary is None or self.remaining(policy) or is_precise(self.summary, policy):
            return least
        needed = ceil(self.valid * (_widest_ratio(self.summary) / policy.target_ci_ratio) ** 2) - self.valid
        return max(least, min(needed, self.possible(policy)))

    def possible(self, policy: Policy) -> int:
        """Return how many repetitions it can still get at most, if all of them are valid."""
        return max(0, min(policy.repetitions_max - self.valid, policy.attempts_max - self.completed))


NOT_STARTED = CellProgress(completed=0, valid=0, summary=None)


def assess_progress(
    cell: Cell,
    policy: Policy,
    repetitions: Sequence[Repetition],
    probes: Sequence[Probe],
    method: Method = METHOD,
) -> CellProgress:
    """Judge a cell by its repetitions and the probes so far, with the method of its summary."""
    summary = summarize_cell(cell, policy, mark_invalid(cell, repetitions, probes), probes, method)
    if isinstance(summary, Reason):
        return CellProgress(completed=len(repetitions), valid=0, summary=None)
    valid = len(repetitions) - summary.invalid_repetitions
    return CellProgress(completed=len(repetitions), valid=valid, summary=summary)


def is_precise(summary: CellSummary, policy: Policy) -> bool:
    """Return whether both intervals are as narrow as asked. One repetition has no interval."""
    if summary.repetitions == 1:
        return False
    return _widest_ratio(summary) <= policy.target_ci_ratio


def _widest_ratio(summary: CellSummary) -> float:
    return max(summary.latency_s.half_width_ratio, summary.throughput_per_s.half_width_ratio)


def why_stop(progress: CellProgress, policy: Policy, *, spare_s: float, elapsed_s: float) -> Stop | None:
    """Return why a cell gets no more repetitions; None to go on.

    Args:
        progress: Of the cell.
        policy: Of the plan.
        spare_s: Seconds that no cell's least repetitions will need.
        elapsed_s: Since the run, or its last session, began.
    """
    if progress.summary is not None and progress.valid >= policy.repetitions_min:
        if is_precise(progress.summary, policy):
            return "precise"
        if spare_s <= 0:
            return "budget"
    if not progress.possible(policy):
        return "repetitions"
    return "budget" if _is_time_over(progress, policy, spare_s=spare_s, elapsed_s=elapsed_s) else None


def possible_stops(progress: CellProgress, policy: Policy) -> frozenset[Stop]:
    """Return the reasons for which a cell may have got no more repetitions, at whatever time; none if it had to go on.

    Each reason says something of the cell, in every bundle. A rule that ends cells otherwise is another reason.
    """
    spare = (inf,) if policy.more_until_s is None else (inf, 0.0)
    elapsed = (0.0,) if policy.budget_s is None else (0.0, policy.budget_s)
    stops = (why_stop(progress, policy, spare_s=left_s, elapsed_s=gone_s) for left_s, gone_s in product(spare, elapsed))
    return frozenset(stop for stop in stops if stop is not None)


def _is_time_over(progress: CellProgress, policy: Policy, *, spare_s: float, elapsed_s: float) -> bool:
    """Return whether void repetitions are no longer made again.

    After the budget none are. After the aim there are up to twice as many attempts as repetitions that must be valid: a
    run without a number would have wasted all of its time.
    """
    if policy.budget_s is not None and elapsed_s >= policy.budget_s:
        return progress.completed >= policy.repetitions_min
    return spare_s <= 0 and progress.completed >= 2 * policy.repetitions_min
