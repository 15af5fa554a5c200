"""A signal ends a command as Ctrl-C does. Each test runs in a process of its own: signals belong to processes."""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import signal, sys, time
from bench.cli.interruption import handle_interrupts
{before}
handle_interrupts()
try:
    print("ready", flush=True)
    # In short parts: a signal that comes between Python's look for signals and the kernel's sleep waits for its end.
    for _ in range(round({sleep_s} * 100)):
        time.sleep(0.01)
except KeyboardInterrupt:
    {after}
    sys.exit(130)
"""


def run(number: int, *, before: str = "", after: str = "pass", sleep_s: float = 60) -> int:
    program = PROGRAM.format(before=before, after=after, sleep_s=sleep_s)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        return process.wait(timeout=50)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_interrupts_like_ctrl_c(number: int) -> None:
    assert run(number) == 130


def test_a_hangup_that_nohup_ignores_stays_ignored() -> None:
    assert run(signal.SIGHUP, before="signal.signal(signal.SIGHUP, signal.SIG_IGN)", sleep_s=0.5) == 0


def test_the_second_hangup_of_a_terminal_that_ends_does_not_stop_what_the_first_began() -> None:
    assert run(signal.SIGHUP, after="signal.raise_signal(signal.SIGHUP)") == 130
