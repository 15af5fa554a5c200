"""An option whose value is a list may be given twice."""

import pytest

from bench.records.plan import Plan
from bench.records.record import decode_json
from tests.unit.cli.conftest import Invoke


def test_the_words_of_both_are_measured(invoke: Invoke) -> None:
    common = ("--suite", "quick", "--workload", "resnet50", "--dry-run", "--json")
    twice = invoke(*common, "--precision", "fp32", "--precision", "amp_bf16")
    plan = decode_json(twice.out.encode(), Plan, source="-")
    assert {cell.case.precision for cell in plan.cells} == {"fp32", "amp_bf16"}


def test_dimensions_of_both_are_set_and_one_stated_twice_is_refused(invoke: Invoke) -> None:
    common = ("--suite", "smoke", "--workload", "llama_1b", "--dry-run", "--json", "--shape", "layers=1")
    plan = decode_json(invoke(*common, "--shape", "output_tokens=2").out.encode(), Plan, source="-")
    assert {(cell.case.shape["layers"], cell.case.shape["output_tokens"]) for cell in plan.cells} == {(1, 2)}
    assert "'layers=2' in 'layers=1,layers=2' is stated twice" in invoke(*common, "--shape", "layers=2").err


@pytest.mark.parametrize("words", [("",), ("fp32", ""), ("", "fp32")])
def test_an_empty_word_is_refused(words: tuple[str, ...], invoke: Invoke) -> None:
    outcome = invoke("--dry-run", *(part for word in words for part in ("--precision", word)))
    assert outcome.status == 2
    assert "'' in " in outcome.err
