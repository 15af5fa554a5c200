"""Progress: what a run tells while it goes on, between timed parts only."""

from typing import Literal

from bench.records.machine import Count
from bench.records.measurement import Failure
from bench.records.plan import Cell
from bench.records.record import Record
from bench.records.summary import CellSummary


class Progress(Record, frozen=True, kw_only=True):
    """One moment of a run.

    Attributes:
        kind: `probe` and `repetition` begin; `cell` and `failed` are over.
        cell: None for a probe.
        done, total: Cells that are over, and all of them.
        repetition: Which one begins, from 1.
        left_s: Expected seconds until the run is over.
        summary: Of a cell that is over.
        failure: Of a cell that failed.
    """

    kind: Literal["probe", "repetition", "cell", "failed"]
    cell: Cell | None
    done: Count
    total: Count
    repetition: Count
    left_s: float
    summary: CellSummary | None = None
    failure: Failure | None = None
