"""Whatever text a record holds, it is shown on one line and nothing of it is hidden."""

import json
import re
import sys
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from bench.records.text import Line
from bench.report.printable import PrintableText, join_lines, printable, printable_json
from bench.report.table import Column, render_table

BLANK = "\u034f\u115f\u1160\u3164\ufe0f\uffa0\u2800\U000e0100"
HOSTILE = (
    "\n\r\t\v\f\x00\x1b\x7f\x85\x9b\xa0\xad\u061c\u200b\u200d\u200e\u2028\u2029\u202e\u2066\u2069\ufeff\U000e0041"
    + BLANK
)


@given(st.text())
def test_any_text_becomes_one_line_that_shows(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert not set(shown) & set(BLANK)


@pytest.mark.parametrize("char", HOSTILE, ids=lambda char: f"U+{ord(char):04X}")
def test_what_does_not_show_is_spelled_out(char: str) -> None:
    assert printable(f"a{char}b") == f"a{char.encode('unicode_escape').decode()}b"


def test_text_that_shows_is_unchanged() -> None:
    assert printable("±5% of peak, é, 中文, 🙂") == "±5% of peak, é, 中文, 🙂"


@given(st.lists(st.text()))
def test_a_report_has_as_many_lines_as_it_was_made_of(lines: list[str]) -> None:
    assert len(join_lines(lines).split("\n")) == max(1, len(lines))
    assert isinstance(join_lines(lines), PrintableText)


def test_parts_of_a_report_keep_their_lines() -> None:
    assert join_lines(["a", join_lines(["b\n", "c"])]) == "a\nb\\n\nc"


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), min_size=1))
def test_a_row_of_a_table_is_one_line(rows: list[tuple[str, str]]) -> None:
    columns = (Column("x"), Column("one"), Column("two\nlines"))
    table = render_table(columns, [("x", *row) for row in rows], None)
    assert len(table.split("\n")) == 3 + len(rows)


@given(st.dictionaries(st.text(), st.text()))
def test_json_keeps_its_value_and_shows_every_character(value: dict[str, str]) -> None:
    document = printable_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(document) == value
    assert document.isprintable()


def test_the_pattern_of_a_line_refuses_only_what_does_not_show() -> None:
    meta = next(part for part in get_args(Line) if isinstance(part, Meta))
    assert meta.pattern is not None
    pattern = re.compile(meta.pattern)
    refused = [char for char in map(chr, range(sys.maxunicode + 1)) if pattern.search(char) is None]
    assert not [char for char in refused if char.isprintable()]
    assert {"\n", "\x7f", "\x9b", "\u2028", "\u202e", "\u200b", "\ufeff"} <= set(refused)
