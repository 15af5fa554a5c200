"""Progress: what a run reports while it runs, only between timed parts."""

from typing import Literal

from bench.records.machine import Count
from bench.records.measurement import Failure
from bench.records.plan import Cell
from bench.records.record import Record
from bench.records.summary import CellSummary


class Progress(Record, frozen=True, kw_only=True):
    """One moment of a run.

    Attributes:
        kind: `probe` and `repetition` are about to begin; `cell` and `failed` have ended.
        cell: None for a probe.
        done, total: Finished cells, and all cells.
        repetition: Number of the repetition that begins, from 1.
        elapsed_s: Seconds since this session of the run began.
        left_s: Expected seconds until the run ends.
        summary: Of a finished cell.
        failure: Of a failed cell.
    """

    kind: Literal["probe", "repetition", "cell", "failed"]
    cell: Cell | None
    done: Count
    total: Count
    repetition: Count
    elapsed_s: float
    left_s: float
    summary: CellSummary | None = None
    failure: Failure | None = None
