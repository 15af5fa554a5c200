"""Standard output and standard error that are closed, full, or have no reader."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.bundle.write import write_bundle
from tests.unit.bundle.builder import CONTENTS, EPHEMERAL

KEPT = [str(Path(__file__).parents[2] / f"data/bundles/2/{name}.bench.tar") for name in ("calibrated", "reproduction")]
FULL = "bench: standard output: no space left on device; what it was to show is lost, files are kept\n"
CLOSED = "bench: standard output: closed; what it was to show is lost, files are kept\n"


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    path = tmp_path / "x.bench.tar"
    write_bundle(path, CONTENTS, EPHEMERAL)
    return str(path)


def shell(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which `bench` is this one; its status is that of bench."""
    define = f'bench() {{ "{sys.executable}" -m bench "$@"; }}; '
    words = ["/bin/bash", "-c", define + command, "bash", *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("verb", ["verify", "show", "show --json", "show --format junit"])
@pytest.mark.parametrize(("stream", "message"), [(">/dev/full", FULL), (">&-", CLOSED)], ids=["full", "closed"])
def test_output_that_cannot_be_written_is_one_line_and_no_verdict(
    verb: str, stream: str, message: str, bundle: str
) -> None:
    done = shell(f'bench {verb} "$1" {stream}', bundle)
    assert (done.returncode, done.stderr) == (7, message)


@pytest.mark.parametrize("arguments", ["--help", "--version", "compare --help", "workloads"])
def test_help_is_output_too(arguments: str) -> None:
    done = shell(f"bench {arguments} >/dev/full")
    assert (done.returncode, done.stderr) == (7, FULL)


@pytest.mark.parametrize("command", ['compare "$1" "$2"', 'show "$1" --json', "--help", "workloads --json"])
def test_a_reader_that_has_gone_is_neither_an_error_nor_a_verdict(command: str, tmp_path: Path) -> None:
    # A pipe that is open for reading while it is opened for writing, and no longer when bench begins.
    gone = 'mkfifo "$3"; exec 3<>"$3"; exec 4>"$3"; exec 3<&-; '
    done = shell(f"{gone} bench {command} >&4", *KEPT, str(tmp_path / "pipe"))
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("streams", ["2>&-", ">&- 2>&-", ">/dev/full 2>/dev/full", "<&- >&- 2>&-"])
def test_a_closed_standard_error_changes_nothing(streams: str, bundle: str) -> None:
    done = shell(f'bench verify "$1" {streams}', bundle)
    assert done.returncode == (0 if streams == "2>&-" else 7)
    assert done.stderr == ""
    assert done.stdout.startswith("intact") == (streams == "2>&-")


def test_a_closed_descriptor_is_not_taken_by_a_file(bundle: str, tmp_path: Path) -> None:
    output = tmp_path / "redacted.bench.tar"
    done = shell('bench redact "$1" --output "$2" >&- 2>&-', bundle, str(output))
    assert done.returncode == 7
    assert shell('bench verify "$1"', str(output)).returncode == 0
