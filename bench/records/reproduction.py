"""Reproductions: whether a run of the same plan gave the same numbers, cell by cell."""

from typing import Literal

from bench.records.bundle import Citation, RunId
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.verdict import CellVerdict, Finding, RunScatter, Share

ReproductionOutcome = Literal["reproduced", "not_reproduced", "too_noisy", "not_comparable"]


class CellReproduction(Record, frozen=True, kw_only=True):
    """One cell, measured again.

    Attributes:
        verdict: Of the comparison: its base is the original, its ratio the new latency over the original one.
        reasons: Why the outcome is what it is.
    """

    verdict: CellVerdict
    outcome: ReproductionOutcome
    reasons: tuple[Reason, ...]


class Reproduction(Record, frozen=True, kw_only=True):
    """A whole run, measured again.

    Attributes:
        cites: The original.
        run_id: Of the new run; None if none was made, because too much differs.
        margin_ratio: Latencies that differ by no more than this share count as the same.
        run_scatter: Scatter between runs that was allowed for; None if no run was made.
        findings: What differs between the original and here, for all cells.
        outcome: `not_comparable` if a finding forbids a verdict, or the original has no number at all; else
            `not_reproduced` if any cell is not reproduced; else `too_noisy` if any is undecided; else `reproduced`.
    """

    cites: Citation
    run_id: RunId | None
    margin_ratio: Share
    run_scatter: RunScatter | None
    findings: tuple[Finding, ...]
    cells: tuple[CellReproduction, ...]
    outcome: ReproductionOutcome


EXIT_STATUS: dict[ReproductionOutcome, int] = {
    "reproduced": 0,
    "not_reproduced": 1,
    "too_noisy": 3,
    "not_comparable": 4,
}
