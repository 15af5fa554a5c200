"""How a cell stands: what was measured of it so far, and whether that is enough."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from bench.errors import TooNoisyError
from bench.records.measurement import Probe, Repetition
from bench.records.plan import Cell, Policy
from bench.records.summary import CellSummary
from bench.stats.summary import summarize_cell

Stop = Literal["precise", "repetitions", "budget"]


class CellProgress(NamedTuple):
    """One cell at one moment.

    Attributes:
        made: Its repetitions, invalid ones too.
        summary: Of the valid ones; None if there is none.
    """

    completed: int
    summary: CellSummary | None

    @property
    def valid(self) -> int:
        """Its valid repetitions."""
        return 0 if self.summary is None else self.summary.repetitions

    def remaining(self, policy: Policy) -> int:
        """How many repetitions it is still to get whatever the clock says."""
        return max(0, min(policy.repetitions_min - self.valid, policy.repetitions_max - self.completed))


NOT_STARTED = CellProgress(completed=0, summary=None)


def assess_progress(
    cell: Cell, policy: Policy, repetitions: Sequence[Repetition], probes: Sequence[Probe]
) -> CellProgress:
    """Judge a cell by its repetitions and the probes so far."""
    try:
        return CellProgress(len(repetitions), summarize_cell(cell, policy, repetitions, probes))
    except TooNoisyError:
        return CellProgress(len(repetitions), None)


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
        if summary.latency_s.half_width_ratio <= policy.target_ci_ratio:
            return "precise"
        if spare_s <= 0:
            return "budget"
    if progress.completed >= policy.repetitions_max:
        return "repetitions"
    over = policy.budget_s is not None and elapsed_s >= policy.budget_s
    return "budget" if over and progress.completed >= policy.repetitions_min else None
