"""Progress of a run: a bar on a terminal, plain lines elsewhere, and nothing between two reports."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

from bench.bundle.source import PROJECT

REPORTS = """
import os, time
from msgspec.structs import replace
from bench.cli.console import open_progress
from bench.records.progress import Progress
from tests.builders import make_plan

cell = make_plan().cells[0]
cell = replace(cell, case=replace(cell.case, workload="evil\\x1b[2J"))
begun = Progress(kind="repetition", cell=cell, done=0, total=2, repetition=1, elapsed_s=0, left_s=90)
with open_progress() as report:
    report(begun)
    os.write(2, b"<")
    time.sleep(0.3)
    os.write(2, b">")
    report(replace(begun, kind="cell", done=1, elapsed_s=30, left_s=60))
    report(replace(begun, done=1, repetition=2, elapsed_s=45, left_s=45))
"""
COMMAND = [sys.executable, "-c", REPORTS]


def run_on_terminal(columns: int, term: str = "xterm") -> str:
    """What a terminal gets."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, "TERM": term, "PYTHONPATH": str(PROJECT)}
    environment.pop("COLUMNS", None)
    with subprocess.Popen(
        COMMAND, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=child, env=environment
    ) as process:
        os.close(child)
        chunks = iter(lambda: _read(parent), b"")
        text = b"".join(chunks).decode()
        assert process.wait() == 0, text
    os.close(parent)
    return text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's end of file of a terminal whose other side is closed
        return b""


def test_a_terminal_gets_a_bar_with_the_time_left_which_is_drawn_by_reports_only() -> None:
    text = run_on_terminal(100)
    before, between, after = text.replace(">", "<").split("<")
    assert "about 1 min 30 s left" in before
    assert "repetition 1" in before
    assert between == ""
    assert "about 45 s left" in after
    assert "━" in after
    assert "too noisy, no valid repetition" in after
    assert "\x1b[?25l" not in between + after  # the cursor stays visible, even if the run is killed


def test_a_bar_fits_the_terminal_and_names_are_made_safe() -> None:
    text = run_on_terminal(60)
    assert "evil\x1b[2J" not in text
    assert "…" in text


def test_a_pipe_and_a_terminal_that_cannot_redraw_get_a_line_for_each_report() -> None:
    done = subprocess.run(
        COMMAND, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(PROJECT)}
    )
    for text in (done.stderr, run_on_terminal(100, "dumb")):
        lines = text.replace("<>", "").splitlines()
        assert [line.partition(" ")[0] for line in lines] == ["[0/2]", "[1/2]", "[1/2]"]
        assert "evil\\x1b[2J" in lines[0]
        assert lines[0].endswith("; about 1 min 30 s left")
        assert "\x1b" not in text
