"""What commands print: never a terminal's commands out of somebody else's file."""

import re
from pathlib import Path

import pytest

import bench.cli
from bench.cli.console import print_text

CLI = Path(bench.cli.__file__).parent


def test_control_characters_are_spelled_out_and_lines_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    print_text("one\x1b[2J\ntwo\x07")
    print_text("three\x9b", err=True, nl=False)
    assert capsys.readouterr() == ("one\\x1b[2J\ntwo\\x07\n", "three\\x9b")


def test_only_the_console_module_prints() -> None:
    past = [
        path.name for path in CLI.glob("*.py") if re.search(r"\bclick\.(s?echo)\(|(?<!\w)print\(", path.read_text())
    ]
    assert past == ["console.py"]
