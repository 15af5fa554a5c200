"""Children of a process that has loaded libraries: how they end, what they leave behind, and which processes cannot fork."""

import os
import subprocess
import sys
import textwrap

import psutil
import pytest

PRELUDE = """
import os, signal, subprocess, sys, threading, time
from bench.launch.failure import WorkerFailedError
from bench.launch.process_tree import end_like
from bench.worker.fork_server import ForkServer
server = ForkServer()
"""


def start(body: str) -> "subprocess.Popen[str]":
    """A process whose program is `body`, and which may fork."""
    program = PRELUDE + textwrap.dedent(body)
    return subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def run(body: str) -> tuple[int, str]:
    """Return exit status and output."""
    with start(body) as process:
        out, _ = process.communicate(timeout=60)
    return process.returncode, out


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("os._exit(0)", 0),
        ("os._exit(3)", 3),
        ("os.kill(os.getpid(), 9)", -9),
        ("os.abort()", -6),
        ("sys.exit(0)", 1),
    ],
    ids=["well", "with a status", "killed", "aborted", "by going on"],
)
def test_a_childs_end_is_reported_and_can_be_repeated(end: str, status: int) -> None:
    assert run(f"""
        def work():
            {end}
        status = server.run(work)
        print(status, flush=True)
        end_like(status)
    """) == (status, f"{status}\n")


def test_processes_that_a_child_leaves_behind_are_killed() -> None:
    status, out = run("""
        def work():
            leaf = "import time; print('up', flush=True); time.sleep(100)"
            again = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {leaf!r}], stdout=1).wait()"
            child = subprocess.Popen([sys.executable, "-c", again], stdout=subprocess.PIPE, start_new_session=True)
            child.stdout.readline()
            print(child.pid, *open(f"/proc/{child.pid}/task/{child.pid}/children").read().split(), flush=True)
            os._exit(0)
        server.run(work)
        print(open(f"/proc/self/task/{os.getpid()}/children").read())
    """)
    assert status == 0
    left, now = out.splitlines()
    assert len(left.split()) == 2
    assert not any(psutil.pid_exists(int(pid)) for pid in left.split())
    assert not now


def test_a_child_ends_with_a_server_that_died_before_it_could_ask() -> None:
    assert run("""
        from bench.launch import process_tree
        ask, parent = process_tree.prctl, os.getpid()
        def ask_late(*arguments):
            os.kill(parent, signal.SIGKILL)
            while os.getppid() == parent:
                time.sleep(0.01)
            ask(*arguments)
        def work():
            print("outlived", flush=True)
            os._exit(0)
        process_tree.prctl = ask_late
        server.run(work)
    """) == (-9, "")


def test_forking_a_process_with_threads_is_an_error() -> None:
    status, out = run("""
        asleep = threading.Event()
        threading.Thread(target=asleep.wait, daemon=True).start()
        with open(f"/proc/self/task/{threading.enumerate()[1].native_id}/comm", "w") as comm:
            comm.write("pool of mine")
        try:
            server.run(lambda: time.sleep(100))
        except WorkerFailedError as error:
            print(error, flush=True)
        os._exit(0)
    """)
    assert (status, out) == (
        0,
        "threads_before_fork threads=pool of mine\n",
    )


def test_threads_of_openblas_end_before_a_fork_and_are_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    status, out = run("""
        import numpy as np
        def work():
            product = np.ones((500, 500)) @ np.ones((500, 500))
            print(product.sum(), len(os.listdir("/proc/self/task")), flush=True)
            os._exit(0)
        print(len(os.listdir("/proc/self/task")), flush=True)
        server.run(work)
    """)
    assert (status, out) == (0, "2\n125000000.0 2\n")


def test_a_child_does_not_outlive_its_parent() -> None:
    with start("""
        def work():
            print(os.getpid(), flush=True)
            time.sleep(100)
        server.run(work)
    """) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, 9)
        parent.wait()
        assert psutil.wait_procs([child], timeout=10)[1] == []
