"""images/run-and-verify.sh, with a program in place of bench that announces a bundle."""

import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest

from bench.bundle.source import PROJECT

PROGRAM = """\
#!/bin/sh
if [ "$1" = verify ]; then
    echo "verified $2"
    exit {verified}
fi
if [ -t 1 ]; then echo "to a terminal"; else echo "to a pipe"; fi
echo "bundle: printed.bench.tar"
[ -z "{bundle}" ] || echo -n "{bundle}" >"$BENCH_ANNOUNCEMENT"
{last}
exit {status}
"""


def prepare(folder: Path, *, bundle: Path | str, status: int = 0, verified: int = 0, last: str = ":") -> list[str]:
    program = folder / ".venv/bin/bench"
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM.format(bundle=bundle, status=status, verified=verified, last=last), encoding="utf-8")
    program.chmod(0o755)
    return [str(PROJECT / "images/run-and-verify.sh"), "--suite", "smoke"]


def test_a_terminal_stays_a_terminal(tmp_path: Path) -> None:
    command = prepare(tmp_path, bundle="")
    parent, child = pty.openpty()
    subprocess.run(command, cwd=tmp_path, stdout=child, check=True)
    os.close(child)
    with os.fdopen(parent, "rb") as terminal:
        assert terminal.readline() == b"to a terminal\r\n"


def test_the_announced_bundle_is_verified_whatever_is_printed(tmp_path: Path) -> None:
    bundle = tmp_path / "with blank" / "x.bench.tar"
    bundle.parent.mkdir()
    command = prepare(tmp_path, bundle=f"..{'/..' * 9}{bundle}")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"to a pipe\nbundle: printed.bench.tar\nverified {bundle}\n"


def test_a_run_without_a_bundle_verifies_none(tmp_path: Path) -> None:
    command = prepare(tmp_path, bundle="", status=7)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "verified" in done.stdout) == (7, False)


@pytest.mark.parametrize(("status", "verified", "wanted"), [(0, 6, 6), (3, 6, 3), (3, 0, 3)])
def test_the_status_is_that_of_the_run_unless_only_the_verification_fails(
    tmp_path: Path, status: int, verified: int, wanted: int
) -> None:
    command = prepare(tmp_path, bundle=f"..{'/..' * 9}{tmp_path}/x.bench.tar", status=status, verified=verified)
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == wanted


def test_an_interrupted_run_says_how_to_resume_before_the_script_ends(tmp_path: Path) -> None:
    last = "trap 'echo resume; exit 130' INT; echo ready; sleep 60 & wait"
    command = prepare(tmp_path, bundle="", last=last)
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, start_new_session=True, text=True) as script:
        assert script.stdout is not None
        assert "ready\n" in iter(script.stdout.readline, "")
        os.killpg(script.pid, signal.SIGINT)
        assert script.stdout.readline() == "resume\n"
        assert script.wait(timeout=10) == 130
