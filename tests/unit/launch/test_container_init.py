"""The first process of a worker's container: it passes on, ends like the worker, and ends with who listens."""

import subprocess
import sys

import psutil
import pytest

ATTEND = """
import os, subprocess, sys
from bench.launch.container_init import attend
its_input, to_worker = os.pipe()
worker = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=its_input)
os.close(its_input)
print(worker.pid, attend(worker, to_worker, b"task\\n"), flush=True)
"""


def start(worker: str) -> "subprocess.Popen[str]":
    """Attend to a worker whose whole program is given."""
    return subprocess.Popen(
        [sys.executable, "-c", ATTEND, worker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_the_worker_receives_its_task_and_the_lines_after_it() -> None:
    with start("import sys; print(sys.stdin.readline() + sys.stdin.readline(), end='', flush=True)") as attending:
        assert attending.stdin is not None
        attending.stdin.write("go\n")
        attending.stdin.flush()
        assert attending.stdout is not None
        received = [attending.stdout.readline(), attending.stdout.readline()]
        attending.wait(timeout=20)
    assert received == ["task\n", "go\n"]


@pytest.mark.parametrize(
    ("worker", "status"), [("pass", 0), ("import sys; sys.exit(5)", 5), ("import os; os.kill(os.getpid(), 11)", -11)]
)
def test_it_ends_as_the_worker_does(worker: str, status: int) -> None:
    with start(worker) as attending:
        assert attending.stdout is not None
        assert int(attending.stdout.readline().split()[1]) == status


def test_it_ends_when_its_reader_is_gone_even_if_the_worker_runs_on() -> None:
    with start("import time; time.sleep(100)") as attending:
        assert attending.stdin is not None
        attending.stdin.close()
        assert attending.stdout is not None
        worker, status = map(int, attending.stdout.readline().split())
        psutil.Process(worker).kill()  # in a container the kernel ends it with the first process
    assert status == 1
