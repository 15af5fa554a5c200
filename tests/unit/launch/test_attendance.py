"""A run ends when the process that holds its standard input open is gone."""

import os
import signal
import subprocess
import sys

import pytest

from bench.launch.attendance import ATTENDED, end_when_unattended

PROGRAM = """
import os, signal, sys, time
from bench.launch.attendance import end_when_unattended

if sys.argv[1] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
end_when_unattended({"BENCH_ATTENDED": "1"}, grace_s=0.2)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize(("hearing", "ended_by"), [("hears", signal.SIGTERM), ("deaf", signal.SIGKILL)])
def test_the_end_of_standard_input_interrupts_and_then_kills(hearing: str, ended_by: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, hearing], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.stdin.write(b"what is written there is no end\n")
        process.stdin.flush()
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(timeout=60) == -ended_by


def test_without_being_asked_nobody_waits_for_it() -> None:
    read, write = os.pipe()
    os.close(write)
    end_when_unattended({}, standard_input=read)  # would end this process
    os.close(read)
    assert ATTENDED == "BENCH_ATTENDED"
