from importlib import import_module
from pkgutil import iter_modules

import msgspec
import pytest

from bench import report
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


def test_every_areas_table_is_looked_up_and_no_two_share_a_code() -> None:
    tables = [
        getattr(
            import_module(f"bench.report.{module.name}"), f"SENTENCES_{module.name.removeprefix('reasons_').upper()}"
        )
        for module in iter_modules(report.__path__)
        if module.name.startswith("reasons_")
    ]
    assert tables
    assert sum(map(len, tables)) == len(reasons.SENTENCES)


def test_every_code_can_be_recorded() -> None:
    for code in reasons.SENTENCES:
        assert msgspec.convert({"code": code}, Reason).code == code
