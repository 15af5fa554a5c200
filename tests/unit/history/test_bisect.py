"""The search, with made-up verdicts: every first bad candidate with every pattern of skipped ones."""

from itertools import chain, combinations
from math import ceil, log2

import pytest

from bench.history.bisect import bisect, choose_candidate
from bench.records.bisection import Bisection, Trial, TrialVerdict
from bench.records.reason import Reason


def search(verdicts: list[TrialVerdict]) -> Bisection:
    names = [f"2.{number}.0" for number in range(len(verdicts))]

    def try_candidate(index: int, end: Trial | None) -> Trial:
        assert (end is None) == (index == len(verdicts) - 1)
        return Trial(candidate=names[index], verdict=verdicts[index], margin_ratio=0.02)

    return bisect(names, try_candidate)


def make_patterns() -> list[list[TrialVerdict]]:
    patterns: list[list[TrialVerdict]] = []
    for count in range(2, 8):
        inner = range(1, count - 1)
        for first_bad in range(1, count):
            for skipped in chain.from_iterable(combinations(inner, size) for size in range(count - 1)):
                truth: list[TrialVerdict] = ["good" if index < first_bad else "bad" for index in range(count)]
                patterns.append(["skipped" if index in skipped else verdict for index, verdict in enumerate(truth)])
    return patterns


def test_the_first_bad_one_is_found_or_narrowed_to_what_was_skipped_before_it() -> None:
    patterns = make_patterns()
    assert len(patterns) > 300
    for verdicts in patterns:
        found = search(verdicts)
        bad = verdicts.index("bad")
        good = max(index for index in range(bad) if verdicts[index] == "good")
        assert (found.first_bad, found.last_good) == (f"2.{bad}.0", f"2.{good}.0")
        assert found.skipped == tuple(f"2.{index}.0" for index in range(good + 1, bad))
        assert found.outcome == ("narrowed" if found.skipped else "found")
        tried = [trial.candidate for trial in found.trials]
        assert len(set(tried)) == len(tried) < len(verdicts)


@pytest.mark.parametrize("count", [2, 3, 10, 100])
def test_candidates_are_halved(count: int) -> None:
    for first_bad in range(1, count):
        found = search(["good"] * first_bad + ["bad"] * (count - first_bad))
        assert len(found.trials) <= 1 + ceil(log2(count - 1)), (count, first_bad)


def test_the_nearest_to_the_middle_is_next() -> None:
    assert choose_candidate({0: "good", 8: "bad"}) == 4
    assert choose_candidate({0: "good", 4: "skipped", 8: "bad"}) == 3
    assert choose_candidate({0: "good", 3: "skipped", 4: "skipped", 8: "bad"}) == 5
    assert choose_candidate({0: "good", 1: "skipped", 2: "bad"}) is None


@pytest.mark.parametrize(
    ("verdict", "code", "outcome"),
    [
        ("good", None, "no_regression"),
        ("skipped", "trial_undecided", "undecided"),
        ("skipped", "trial_not_comparable", "not_comparable"),
        ("skipped", "trial_failed", "cells_failed"),
    ],
    ids=["not slower", "too noisy", "not comparable", "failed"],
)
def test_without_a_regression_nothing_else_is_tried(verdict: TrialVerdict, code: str | None, outcome: str) -> None:
    def try_candidate(index: int, end: Trial | None) -> Trial:
        assert (index, end) == (3, None)
        reason = None if code is None else Reason(code=code)
        return Trial(candidate="d", verdict=verdict, margin_ratio=0.02, reason=reason)

    found = bisect("abcd", try_candidate)
    assert (found.outcome, len(found.trials), found.first_bad) == (outcome, 1, None)
