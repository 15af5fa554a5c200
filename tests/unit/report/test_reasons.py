import pytest

from bench.records.reason import Reason
from bench.report import reasons
from bench.report.reasons import describe_reason


def test_an_unknown_code_is_shown_with_its_values() -> None:
    assert describe_reason(Reason(code="of_tomorrow", values={"wanted": "2", "found": "1"})) == (
        "of_tomorrow found=1 wanted=2"
    )


def test_a_value_that_is_missing_is_shown_as_a_question_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasons, "SENTENCES", {"too_few": "{found} of {wanted}"})
    assert describe_reason(Reason(code="too_few", values={"found": "3"})) == "3 of ?"


def test_a_reason_is_a_sentence_with_its_values() -> None:
    reason = Reason(code="too_few_pairs", values={"pairs": "3", "wanted": "5"})
    assert describe_reason(reason).startswith("3 pairs of valid repetitions are too few: a verdict takes 5; ")
