"""Every code that a room makes has a sentence, and every sentence uses only values that its code comes with."""

import re
from pathlib import Path

import pytest

import bench
from bench.report.reasons_hardware import SENTENCES_HARDWARE
from bench.report.reasons_placement import SENTENCES_PLACEMENT

ROOMS = {"hardware": SENTENCES_HARDWARE, "profiles": SENTENCES_PLACEMENT}
_CODE = re.compile(r"(?:Reason\(\s*code=|\.note\(\s*|_describe_fit\()\"([a-z0-9_]+)\"|, \"(not_a_[a-z_]+)\"\)")


def codes_in(room: str) -> set[str]:
    sources = (Path(bench.__file__).parent / room).glob("*.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    return {first or second for first, second in _CODE.findall(text)}


@pytest.mark.parametrize("room", ROOMS)
def test_codes_and_sentences_are_the_same_set(room: str) -> None:
    sentences = {code.removesuffix("_by_flags") for code in ROOMS[room]}
    assert codes_in(room) == sentences
