"""Find the first bad of ordered candidates: halve, and go round those that cannot be judged."""

from collections.abc import Callable, Mapping, Sequence

from bench.records.bisection import Bisection, BisectionOutcome, Trial, TrialVerdict

TryCandidate = Callable[[int, Trial | None], Trial]
"""Tries the candidate of an index, given the trial of the last one; None for the last one itself."""

_ENDED: Mapping[str, BisectionOutcome] = {"trial_not_comparable": "not_comparable", "trial_failed": "cells_failed"}
"""Reason for which the last candidate has no verdict → outcome."""


def bisect(candidates: Sequence[str], try_candidate: TryCandidate) -> Bisection:
    """Return which candidate is the first bad one.

    The last one is tried first: if it is not shown to be bad, there is nothing to find.

    Args:
        candidates: In order; the first is good by definition, as all others are compared with it.
        try_candidate: Makes a trial.
    """
    last = len(candidates) - 1
    end = try_candidate(last, None)
    if end.verdict != "bad":
        return Bisection(candidates=tuple(candidates), trials=(end,), outcome=_explain_end(end))
    trials = [end]
    verdicts: dict[int, TrialVerdict] = {0: "good", last: end.verdict}
    while (index := choose_candidate(verdicts)) is not None:
        trial = try_candidate(index, end)
        trials.append(trial)
        verdicts[index] = trial.verdict
    good, bad = find_bounds(verdicts)
    skipped = tuple(candidates[good + 1 : bad])
    return Bisection(
        candidates=tuple(candidates),
        trials=tuple(trials),
        outcome="narrowed" if skipped else "found",
        last_good=candidates[good],
        first_bad=candidates[bad],
        skipped=skipped,
    )


def choose_candidate(verdicts: Mapping[int, TrialVerdict]) -> int | None:
    """Return the untried index nearest to the middle between the last good and the first bad one; None if none is left.

    Args:
        verdicts: By index; that of the first and of the last candidate are there.
    """
    good, bad = find_bounds(verdicts)
    untried = [index for index in range(good + 1, bad) if index not in verdicts]
    return min(untried, key=lambda index: abs(2 * index - good - bad), default=None)


def find_bounds(verdicts: Mapping[int, TrialVerdict]) -> tuple[int, int]:
    """Return the first bad index, and before it the last good one."""
    bad = min(index for index, verdict in verdicts.items() if verdict == "bad")
    return max(index for index, verdict in verdicts.items() if verdict == "good" and index < bad), bad


def _explain_end(end: Trial) -> BisectionOutcome:
    if end.verdict == "good":
        return "no_regression"
    return "undecided" if end.reason is None else _ENDED.get(end.reason.code, "undecided")
