import datetime as dt
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.history.known import load_known

ENTRY = """[[known]]
run = "20260102T030405Z-0000001a"
owner = "anna"
reason = "a fix of accuracy"
date = 2026-01-03
"""


def load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "known.toml"
    path.write_text(text, encoding="utf-8")
    return load_known(path)


def test_an_entry_has_run_owner_reason_and_date(tmp_path: Path) -> None:
    (entry,) = load(tmp_path, ENTRY)  # type: ignore[misc]
    assert (entry.owner, entry.date, entry.workload, entry.layout) == ("anna", dt.date(2026, 1, 3), None, None)


def test_an_empty_file_acknowledges_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, "") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ENTRY.replace('owner = "anna"\n', ""), "owner"),
        (ENTRY.replace("date = 2026-01-03\n", ""), "date"),
        (ENTRY.replace("anna", ""), "known.toml:3"),
        (ENTRY.replace("0000001a", "1a"), "known.toml:2"),
        (ENTRY + 'who = "me"\n', "who"),
        (ENTRY + 'layout = "fast"\n', "layout"),
        (ENTRY + ENTRY, "named twice"),
        ("[[known", "not TOML"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError) as refusal:
        load(tmp_path, text)
    assert words in str(refusal.value)
    assert "known.toml" in str(refusal.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="known changes"):
        load_known(tmp_path / "none.toml")
