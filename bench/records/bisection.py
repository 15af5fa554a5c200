"""Bisection: which of several versions of torch is the first that is slower, with the comparison that shows it."""

from typing import Annotated, Literal

from msgspec import Meta

from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.verdict import CellVerdict, Share

TrialVerdict = Literal["good", "bad", "skipped"]
BisectionOutcome = Literal["found", "narrowed", "no_regression", "undecided", "not_comparable", "cells_failed"]


class Trial(Record, frozen=True, kw_only=True):
    """One candidate, interleaved with the first by `bench ab`.

    Attributes:
        candidate: Its release, or the path of its interpreter.
        verdict: `bad` if a cell in question is slower than with the first candidate, `good` if all are faster or
            equivalent, `skipped` if that cannot be said.
        margin_ratio: Of the comparison.
        cells: Verdicts on the cells in question: all of the first trial, then those that it showed to be slower.
        bundle: Path of the bundle that shows it; None if nothing was measured.
        reason: Why it was skipped.
    """

    candidate: str
    verdict: TrialVerdict
    margin_ratio: Share
    cells: tuple[CellVerdict, ...] = ()
    bundle: str | None = None
    reason: Reason | None = None


class Bisection(Record, frozen=True, kw_only=True):
    """A whole bisection.

    Attributes:
        candidates: In order, the good one first.
        trials: In the order in which they were made; the first is of the last candidate.
        outcome: `found` if one candidate is the first bad one; `narrowed` if skipped ones lie before it; what follows are
            reasons why the last candidate is not slower than the first.
        last_good: The good candidate next before the bad ones; None if there is no regression.
        first_bad: The first candidate that was shown to be bad; None likewise.
        skipped: Candidates between these two: the first bad one may be one of them.
    """

    candidates: Annotated[tuple[str, ...], Meta(min_length=2)]
    trials: Annotated[tuple[Trial, ...], Meta(min_length=1)]
    outcome: BisectionOutcome
    last_good: str | None = None
    first_bad: str | None = None
    skipped: tuple[str, ...] = ()


EXIT_STATUS: dict[BisectionOutcome, int] = {
    "found": 1,
    "narrowed": 3,
    "no_regression": 0,
    "undecided": 3,
    "not_comparable": 4,
    "cells_failed": 5,
}
