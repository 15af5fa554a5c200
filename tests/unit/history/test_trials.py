"""What a comparison says of a candidate."""

import pytest
from msgspec.structs import replace

from bench.history.trials import choose_margin, judge_trial
from bench.records.bisection import Trial
from bench.records.summary import Interval
from bench.records.verdict import CellVerdict, Comparison, Criteria, Outcome
from tests.builders import CASE

CRITERIA = Criteria(margin_ratio=0.03)


def make_comparison(*outcomes: Outcome, ratio: float = 1.1) -> Comparison:
    """A cell for each outcome, of batch sizes 1, 2 and so on."""
    cells = tuple(
        CellVerdict(
            case=replace(CASE, batch_size=index + 1),
            layout="latency",
            base=f"{2 * index:04d}-resnet50-fp32-latency",
            new=f"{2 * index + 1:04d}-resnet50-fp32-latency",
            outcome=outcome,
            ratio=Interval(point=ratio + index / 100, low=ratio - 0.01, high=ratio + 0.1),
        )
        for index, outcome in enumerate(outcomes)
    )
    return Comparison(
        base=("a",), new=("b",), interleaved=True, criteria=CRITERIA, run_scatter=None, cells=cells, families=(),
        outcome="undecided",
    )  # fmt: skip


def judge(*outcomes: Outcome, end: Trial | None = None, failed: bool = False) -> Trial:
    return judge_trial("2.13.0", make_comparison(*outcomes), end, bundle="x.bench.tar", failed=failed)


def test_only_the_cells_that_the_last_candidate_slows_are_in_question() -> None:
    end = judge("equivalent", "slower", "no_difference_shown")
    assert (end.verdict, len(end.cells)) == ("bad", 1)
    assert judge("slower", "equivalent", "slower", end=end).verdict == "good"
    assert judge("equivalent", "slower", "equivalent", end=end).verdict == "bad"
    assert judge("slower", "no_difference_shown", "slower", end=end).verdict == "skipped"


@pytest.mark.parametrize(
    ("outcomes", "failed", "verdict", "code"),
    [
        (("faster", "equivalent"), False, "good", None),
        (("slower", "not_comparable"), True, "bad", None),
        (("equivalent", "no_difference_shown"), False, "skipped", "trial_undecided"),
        (("equivalent", "not_comparable"), False, "skipped", "trial_not_comparable"),
        (("equivalent", "not_comparable"), True, "skipped", "trial_failed"),
        ((), False, "skipped", "trial_not_comparable"),
    ],
    ids=["not slower", "one cell slower", "too noisy", "not comparable", "failed", "no cell"],
)
def test_a_verdict_is_of_all_cells_in_question(
    outcomes: tuple[Outcome, ...], *, failed: bool, verdict: str, code: str | None
) -> None:
    trial = judge(*outcomes, failed=failed)
    assert (trial.verdict, trial.reason and trial.reason.code) == (verdict, code)
    assert (trial.bundle, trial.margin_ratio) == ("x.bench.tar", 0.03)


def test_the_margin_is_half_the_smallest_change_and_five_percent_at_most() -> None:
    assert choose_margin(None) == 0.02
    assert choose_margin(judge("slower", "slower")) == pytest.approx(0.05)
    small = judge_trial("x", make_comparison("slower", ratio=1.03), None, bundle="x", failed=False)
    assert choose_margin(small) == pytest.approx(0.015)
