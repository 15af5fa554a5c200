"""The scripts are run by a real shell, with a bench that prints its arguments."""

import subprocess
from pathlib import Path

import pytest

from bench.fleet.script import shared_script, streamed_script

HOSTILE = (
    "plain",
    "two words",
    "$(touch x)",
    "`touch x`",
    "'",
    '"',
    "\\",
    "*",
    ";touch x",
    "&& touch x",
    "-n",
    "~",
    "!!",
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A bench that writes its arguments and a bundle into the folder of its last argument."""
    path = tmp_path / "a program; with 'quotes'"
    path.write_text(
        '#!/bin/sh\nfor word; do folder=${word#--output=}; done\nprintf "%s\\n" "$@" >&2\n'
        'echo "attended ${BENCH_ATTENDED-no}" >&2\necho table\necho bundle >"$folder/X.bench.tar"\nexit 3\n',
        encoding="ascii",
    )
    path.chmod(0o755)
    return path


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", script], cwd=folder, env={"TMPDIR": str(folder), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_each_word_reaches_a_node_of_a_shared_folder_unchanged(program: Path, tmp_path: Path) -> None:
    folder = tmp_path / "it's $(a) folder"
    folder.mkdir()
    done = run(shared_script([str(program), *HOSTILE], folder), tmp_path)
    assert done.stderr.splitlines() == [*HOSTILE, f"--output={folder}", "attended no"]
    assert (done.returncode, (folder / "status").read_text()) == (3, "3\n")
    assert (folder / "X.bench.tar").exists()
    assert not (tmp_path / "x").exists()


def test_each_word_reaches_a_node_of_its_own_unchanged_and_only_the_bundle_comes_back(
    program: Path, tmp_path: Path
) -> None:
    done = run(streamed_script([str(program), *HOSTILE]), tmp_path)
    *words, folder, attended, table = done.stderr.splitlines()
    assert (tuple(words), attended, table) == (HOSTILE, "attended 1", "table")
    assert (done.returncode, done.stdout) == (3, "bundle\n")
    assert not Path(folder.removeprefix("--output=")).exists()
    assert not (tmp_path / "x").exists()


def test_a_program_that_is_not_there_is_status_127_and_leaves_nothing(tmp_path: Path) -> None:
    done = run(streamed_script(["/no/such/bench", "run"]), tmp_path)
    assert (done.returncode, done.stdout) == (127, "")
    assert list(tmp_path.iterdir()) == []
