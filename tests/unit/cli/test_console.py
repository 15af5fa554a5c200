"""What commands print: never a terminal's commands out of somebody else's file."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

import bench.cli
from bench.cli.console import print_json, print_text
from bench.report.printable import join_lines

CLI = Path(bench.cli.__file__).parent


def test_control_characters_are_spelled_out_and_only_the_lines_of_a_report_are_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_text("one\x1b[2J\ntwo\x07")
    print_text(join_lines(["three", "fo\nur"]))
    print_text("five\x9b", err=True, nl=False)
    assert capsys.readouterr() == ("one\\x1b[2J\\ntwo\\x07\nthree\nfo\\nur\n", "five\\x9b")


def test_messages_are_wrapped_to_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    print_text(join_lines(["next: bench show X.bench.tar --evidence", "short"]), err=True)
    print_text("one line of a result that is longer than thirty characters")
    assert capsys.readouterr() == (
        "one line of a result that is longer than thirty characters\n",
        "next: bench show X.bench.tar\n  --evidence\nshort\n",
    )


def test_json_spells_out_what_does_not_show_and_names_that_are_no_utf_8(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"safe": "é\u202e\u2028\x9b", "name": os.fsdecode(b"\xff.bench.tar")})
    out = capsys.readouterr().out
    assert all(char.isprintable() or char == "\n" for char in out)
    assert json.loads(out) == {"safe": "é\u202e\u2028\x9b", "name": "\\udcff.bench.tar"}


def test_only_the_console_module_prints() -> None:
    past = [
        path.name for path in CLI.glob("*.py") if re.search(r"\bclick\.(s?echo)\(|(?<!\w)print\(", path.read_text())
    ]
    assert past == ["console.py"]
