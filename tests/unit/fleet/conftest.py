"""Commands of engines that answer as a test says, in front of PATH."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Answers = Callable[..., Path]
"""Makes a command: name, exit status, standard output, standard error. Returns a file with a line per call: its words."""


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(name: str, status: int = 0, out: str = "", err: str = "") -> Path:
        calls = tmp_path / f"{name}.calls"
        (folder / name).write_text(
            f"#!{sys.executable} -I\nimport json, sys\n"
            f"words = [*sys.argv[1:], '' if sys.stdin.isatty() else sys.stdin.read()]\n"
            f"open({str(calls)!r}, 'a').write(json.dumps(words) + '\\n')\n"
            f"sys.stdout.write({out!r})\nsys.stderr.write({err!r})\nsys.exit({status})\n",
            encoding="utf-8",
        )
        (folder / name).chmod(0o755)
        calls.touch()
        return calls

    return make


def read_calls(calls: Path) -> list[list[str]]:
    """Return the words of each call, its standard input last."""
    return [json.loads(line) for line in calls.read_text(encoding="utf-8").splitlines()]
