"""How a cell stands: what was measured of it so far, and whether that is enough."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from bench.records.measurement import Probe, Repetition
from bench.records.plan import Cell, Policy
from bench.records.reason import Reason
from bench.records.summary import CellSummary
from bench.stats.summary import summarize_cell

Stop = Literal["precise", "repetitions", "budget"]


class CellProgress(NamedTuple):
    """One cell at one moment.

    Attributes:
        completed: Its repetitions, invalid ones too.
        valid: Its valid repetitions.
        summary: Of the repetitions so far; None if they give no number.
    """

    completed: int
    valid: int
    summary: CellSummary | None

    def remaining(self, policy: Policy) -> int:
        """How many repetitions it is still to get whatever the clock says."""
        return max(0, min(policy.repetitions_min - self.valid, policy.repetitions_max - self.completed))


NOT_STARTED = CellProgress(completed=0, valid=0, summary=None)


def assess_progress(
    cell: Cell, policy: Policy, repetitions: Sequence[Repetition], probes: Sequence[Probe]
) -> CellProgress:
    """Judge a cell by its repetitions and the probes so far."""
    summary = summarize_cell(cell, policy, repetitions, probes)
    if isinstance(summary, Reason):
        return CellProgress(completed=len(repetitions), valid=0, summary=None)
    valid = len(repetitions) - summary.invalid_repetitions
    return CellProgress(completed=len(repetitions), valid=valid, summary=summary)


def is_precise(summary: CellSummary, policy: Policy) -> bool:
    """Return whether both intervals are as narrow as asked. One repetition has none, so that its width says nothing."""
    if summary.repetitions == 1:
        return False
    widest = max(summary.latency_s.half_width_ratio, summary.throughput_per_s.half_width_ratio)
    return widest <= policy.target_ci_ratio


def why_stop(progress: CellProgress, policy: Policy, *, spare_s: float, elapsed_s: float) -> Stop | None:
    """Why a cell gets no more repetitions; None to go on.

    Args:
        progress: Of the cell.
        policy: Of the plan.
        spare_s: Seconds that no cell's least repetitions will need.
        elapsed_s: Since the run, or its last session, began. Once the budget is over, nothing is made up for.
    """
    summary = progress.summary
    if summary is not None and progress.valid >= policy.repetitions_min:
        if is_precise(summary, policy):
            return "precise"
        if spare_s <= 0:
            return "budget"
    if progress.completed >= policy.repetitions_max:
        return "repetitions"
    over = policy.budget_s is not None and elapsed_s >= policy.budget_s
    return "budget" if over and progress.completed >= policy.repetitions_min else None
