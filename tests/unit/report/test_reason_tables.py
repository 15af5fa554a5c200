"""Every code that a room makes has a sentence, and every sentence uses only values that its code comes with."""

import re
from pathlib import Path

import pytest

import bench
from bench.compare.rules import CELL_RULES, RUN_RULES
from bench.report.reasons_compare import SENTENCES_COMPARE
from bench.report.reasons_fleet import SENTENCES_FLEET
from bench.report.reasons_hardware import SENTENCES_HARDWARE
from bench.report.reasons_placement import SENTENCES_PLACEMENT

ROOMS = {"fleet": SENTENCES_FLEET, "hardware": SENTENCES_HARDWARE, "profiles": SENTENCES_PLACEMENT}
_CODE = re.compile(r"(?:Reason\(\s*code=|\.note\(\s*|_describe_fit\()\"([a-z0-9_]+)\"|, \"(not_a_[a-z_]+)\"\)")


def codes_in(room: str) -> set[str]:
    sources = (Path(bench.__file__).parent / room).glob("*.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    return {first or second for first, second in _CODE.findall(text)}


@pytest.mark.parametrize("room", ROOMS)
def test_codes_and_sentences_are_the_same_set(room: str) -> None:
    sentences = {code.removesuffix("_by_flags") for code in ROOMS[room]}
    assert codes_in(room) == sentences


def test_every_rule_of_a_comparison_has_a_sentence() -> None:
    assert {rule.code for rule in (*RUN_RULES, *CELL_RULES)} <= SENTENCES_COMPARE.keys()


def test_comparisons_have_a_sentence_for_each_code_and_none_besides() -> None:
    sources = (Path(bench.__file__).parent / "compare").glob("*.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert codes_in("compare") - {"not_measured"} <= SENTENCES_COMPARE.keys()
    assert [code for code in SENTENCES_COMPARE if f'"{code}"' not in text] == []
