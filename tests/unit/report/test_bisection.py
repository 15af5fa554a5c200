from bench.history.bisect import bisect
from bench.records.bisection import Bisection, Trial, TrialVerdict
from bench.records.reason import Reason
from bench.report.bisection import render_bisection
from tests.unit.history.test_trials import judge

NAMES = ("2.11.0", "2.12.0", "2.13.0", "2.14.1")


def make_bisection(*verdicts: TrialVerdict) -> Bisection:
    """Of made-up verdicts on `NAMES`, in order."""

    def try_candidate(index: int, end: Trial | None) -> Trial:
        name = NAMES[index]
        if verdicts[index] == "skipped":
            reason = Reason(code="trial_not_installed", values={"error": f"torch {name} cannot be installed: no wheel"})
            return Trial(candidate=name, verdict="skipped", margin_ratio=0.02, reason=reason)
        trial = judge("slower" if verdicts[index] == "bad" else "equivalent", end=end)
        return Trial(candidate=name, verdict=trial.verdict, margin_ratio=0.02, cells=trial.cells, bundle=f"{index}.tar")

    return bisect(NAMES, try_candidate)


def test_the_answer_names_the_first_bad_one_with_interval_and_bundle() -> None:
    text = render_bisection(make_bisection("good", "good", "bad", "bad"))
    assert "2.12.0" in text
    assert "+10.0% (+9.0% to +20.0%) with 2.13.0\nshown by 2.tar\n" in text
    assert text.endswith("first bad: 2.13.0; last good: 2.12.0 (exit status 1)")


def test_skipped_ones_are_named_with_the_reason() -> None:
    text = render_bisection(make_bisection("good", "skipped", "bad", "bad"))
    assert "2.12.0: skipped: torch 2.12.0 cannot be installed: no wheel\n" in text
    assert text.endswith("first bad: 2.13.0, or one that was skipped (2.12.0); last good: 2.11.0 (exit status 3)")


def test_no_regression_says_so() -> None:
    text = render_bisection(make_bisection("good", "good", "good", "good"))
    assert "no regression: 2.14.1 is faster than 2.11.0, or equivalent" in text
    assert text.endswith("(exit status 0)")
