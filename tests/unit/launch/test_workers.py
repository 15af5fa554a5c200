"""Which pools load at the same time, wait, and end: the program of each worker writes its steps into a file."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir

import msgspec
import psutil
import pytest

from bench.launch.failure import WorkerFailedError
from bench.launch.protocol import Loaded, Measured, Ready, encode_message
from bench.launch.workers import MAX_PRELOADED, Job, Workers
from bench.records.plan import Task
from tests.builders import BINDING, CASE, POLICY, RUNTIME, make_instance

TASK = Task(
    kind="measure",
    case=CASE,
    binding=msgspec.structs.replace(BINDING, cpus="0-1"),
    runtime=RUNTIME,
    policy=POLICY,
    scratch=gettempdir(),
    prove=False,
)
LEAVES = msgspec.structs.replace(TASK, package="leaves")
LOADED, READY, MEASURED = (
    encode_message(message).decode().strip() for message in (Loaded(), Ready(), Measured(result=make_instance()))
)
GOOD = f"""
import os, sys, time
def note(what):
    with open(os.environ["LOG"], "a") as log:
        log.write(f"{{os.environ['NAME']}} {{what}}\\n")
task = sys.stdin.readline()
note("starts")
if os.environ.get("FAILS"): sys.exit(3)
if os.environ.get("SLOW"): time.sleep(0.5)
def leave_sleeper():  # in a session of its own, and nobody's child: no process group and no parent's end reaches it
    up, told = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 3)
            os.write(told, str(os.getpid()).encode())
            time.sleep(1000)
        os._exit(0)
    note("leaves " + os.read(up, 20).decode())
note("loaded"); print({LOADED!r}, flush=True)
while line := sys.stdin.readline():
    if "leaves" in line: leave_sleeper()
    if "dies" in line or "leaves" in line: sys.exit(4)
    note("works"); print({READY!r}, flush=True)
    sys.stdin.readline()
    note("ends"); print({MEASURED!r}, flush=True)
    print({LOADED!r}, flush=True)
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers() as workers:
        yield workers
    assert not living(), "workers were left behind"


def living() -> list[psutil.Process]:
    """Workers of these tests; other children are other tests'."""
    children = psutil.Process().children()
    return [child for child in children if child.status() != psutil.STATUS_ZOMBIE and GOOD in child.cmdline()]


def job(log: Path, name: str, *, task: Task = TASK, pool: str = "", **variables: str) -> Job:
    environment = dict(os.environ) | {"LOG": str(log), "NAME": name} | variables
    return Job([sys.executable, "-c", GOOD], [task], [environment], pool or name)


def read(log: Path) -> list[str]:
    return log.read_text().splitlines()


def test_the_next_pool_loads_before_this_one_works_and_then_waits_for_its_job(workers: Workers, log: Path) -> None:
    a, b = job(log, "a"), job(log, "b", SLOW="1")
    assert workers.run(a, timeout_s=20, then=[b]) == [make_instance()]
    assert sorted(read(log)[:4]) == ["a loaded", "a starts", "b loaded", "b starts"]
    assert read(log)[4:] == ["a works", "a ends"]
    assert workers.run(b, timeout_s=20) == [make_instance()]
    assert read(log)[6:] == ["b works", "b ends"]


def test_jobs_of_one_pool_run_one_after_another_in_processes_that_loaded_once(workers: Workers, log: Path) -> None:
    first, later = job(log, "a"), job(log, "a", task=msgspec.structs.replace(TASK, prove=True))
    assert workers.run(first, timeout_s=20, then=[later]) == [make_instance()]
    assert workers.run(later, timeout_s=20) == [make_instance()]
    assert read(log) == ["a starts", "a loaded", "a works", "a ends", "a works", "a ends"]
    assert not living()


@pytest.mark.parametrize("what", ["pool", "environment", "binding"])
def test_a_pool_does_no_jobs_of_another(workers: Workers, log: Path, what: str) -> None:
    elsewhere = msgspec.structs.replace(TASK, binding=msgspec.structs.replace(BINDING, cpus="0"))
    other = {
        "pool": job(log, "a", pool="b"),
        "environment": job(log, "a", OMP_NUM_THREADS="7"),
        "binding": job(log, "a", task=elsewhere),
    }[what]
    workers.run(job(log, "a"), timeout_s=20, then=[other])
    workers.run(other, timeout_s=20)
    assert read(log).count("a starts") == 2


def test_no_pool_loads_while_a_loaded_one_works(workers: Workers, log: Path) -> None:
    a, b, c = (job(log, name) for name in "abc")
    workers.run(a, timeout_s=20, then=[b])
    workers.run(b, timeout_s=20, then=[c])
    assert "c starts" not in read(log)


def test_all_pools_that_are_needed_load_at_the_same_time_and_once(workers: Workers, log: Path) -> None:
    a, b, c = (job(log, name) for name in "abc")
    workers.run(a, timeout_s=20, then=[a, b, a, c, b])
    assert sorted(read(log)[:6]) == ["a loaded", "a starts", "b loaded", "b starts", "c loaded", "c starts"]
    for next_job in (a, b, a, c, b):
        workers.run(next_job, timeout_s=20, then=[a, b, c])
    assert len([line for line in read(log) if line.endswith("starts")]) == 3


def test_an_interrupt_during_loading_leaves_no_process_behind(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with Workers() as workers:
        workers.run(job(log, "a"), timeout_s=20, then=[job(log, "b")])
        monkeypatch.setattr("bench.launch.workers.receive_all", interrupt)
        with pytest.raises(KeyboardInterrupt):
            workers.run(job(log, "c"), timeout_s=20, then=[job(log, "b"), job(log, "d", SLOW="1")])
        assert len(living()) == 1
    assert not living()


def test_a_waiting_pool_survives_other_jobs_in_between(workers: Workers, log: Path) -> None:
    a, b, probe = (job(log, name) for name in ("a", "b", "probe"))
    workers.run(a, timeout_s=20, then=[b])
    workers.run(probe, timeout_s=20, then=[b])
    workers.run(b, timeout_s=20)
    assert read(log).count("b starts") == 1
    assert read(log)[-1] == "b ends"


def test_a_waiting_pool_that_is_not_needed_ends_before_another_loads(workers: Workers, log: Path) -> None:
    a, b, c, d = (job(log, name) for name in "abcd")
    workers.run(a, timeout_s=20, then=[b])
    (waiting,) = living()
    workers.run(c, timeout_s=20, then=[d])
    assert not waiting.is_running()
    assert "b works" not in read(log)


def test_no_more_than_so_many_pools_are_kept(workers: Workers, log: Path) -> None:
    jobs = [job(log, f"pool {number}") for number in range(MAX_PRELOADED + 3)]
    for next_job in jobs * 2:
        workers.run(next_job, timeout_s=20, then=jobs)
        assert len(living()) <= MAX_PRELOADED


def test_as_many_pools_as_allowed_are_kept(workers: Workers, log: Path) -> None:
    jobs = [job(log, f"pool {number}") for number in range(MAX_PRELOADED)]
    for next_job in jobs * 2:
        workers.run(next_job, timeout_s=20, then=jobs)
    assert len([line for line in read(log) if line.endswith("starts")]) == MAX_PRELOADED


def test_a_pool_that_was_killed_while_waiting_is_replaced(workers: Workers, log: Path) -> None:
    a, b = job(log, "a"), job(log, "b")
    workers.run(a, timeout_s=20, then=[b])
    (waiting,) = living()
    waiting.kill()
    psutil.wait_procs([waiting], timeout=10)
    assert workers.run(b, timeout_s=20) == [make_instance()]
    assert read(log)[-4:] == ["b starts", "b loaded", "b works", "b ends"]


def test_one_who_failed_is_not_asked_again(workers: Workers, log: Path) -> None:
    dies = job(log, "a", task=msgspec.structs.replace(TASK, package="dies"))
    with pytest.raises(WorkerFailedError, match="exited status=4"):
        workers.run(dies, timeout_s=20, then=[job(log, "a")])
    assert not living()
    assert workers.run(job(log, "a"), timeout_s=20) == [make_instance()]


def test_a_pool_that_fails_to_load_ahead_fails_only_its_own_job(workers: Workers, log: Path) -> None:
    a, b = job(log, "a"), job(log, "b", FAILS="1")
    assert workers.run(a, timeout_s=20, then=[b]) == [make_instance()]
    with pytest.raises(WorkerFailedError, match="exited status=3"):
        workers.run(b, timeout_s=20)


def test_when_loading_fails_no_pool_goes_on_loading_during_the_next_job(workers: Workers, log: Path) -> None:
    with pytest.raises(WorkerFailedError, match="exited status=3"):
        workers.run(job(log, "a", FAILS="1"), timeout_s=20, then=[job(log, "b", SLOW="1")])
    assert not living()


def test_who_waits_can_be_dismissed(workers: Workers, log: Path) -> None:
    workers.run(job(log, "a"), timeout_s=20, then=[job(log, "b")])
    assert living()
    assert workers.shutdown()
    assert not living()
    assert not workers.shutdown()


def test_on_a_single_cpu_pools_load_one_after_another(workers: Workers, log: Path) -> None:
    alone = msgspec.structs.replace(TASK, binding=msgspec.structs.replace(BINDING, cpus="1"))
    workers.run(job(log, "a"), timeout_s=20, then=[job(log, "b", task=alone)])
    assert read(log) == ["a starts", "a loaded", "a works", "a ends"]


def test_a_pool_that_cannot_be_started_ahead_fails_no_other_job(workers: Workers, log: Path) -> None:
    impossible = Job(["/no/such/python"], [TASK], [{}], "b")
    assert workers.run(job(log, "a"), timeout_s=20, then=[impossible]) == [make_instance()]


@pytest.fixture
def bystander() -> Iterator[psutil.Process]:
    """A child of this process that no worker has started."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"]) as process:
        yield psutil.Process(process.pid)
        process.kill()


def test_what_a_worker_left_in_another_session_ends_before_the_next_task(
    bystander: psutil.Process, workers: Workers, log: Path
) -> None:
    with pytest.raises(WorkerFailedError, match="exited status=4"):
        workers.run(job(log, "a", task=LEAVES), timeout_s=20)
    sleeper = psutil.Process(int(read(log)[-1].removeprefix("a leaves ")))
    assert sleeper.is_running()
    assert workers.run(job(log, "b"), timeout_s=20, then=[job(log, "c")]) == [make_instance()]
    assert not sleeper.is_running()
    assert workers.run(job(log, "c"), timeout_s=20) == [make_instance()]
    assert read(log).count("c starts") == 1
    assert bystander.is_running()


def test_what_the_last_worker_left_ends_with_the_run(bystander: psutil.Process, log: Path) -> None:
    with Workers() as workers, pytest.raises(WorkerFailedError, match="exited status=4"):
        workers.run(job(log, "a", task=LEAVES), timeout_s=20)
    assert not psutil.pid_exists(int(read(log)[-1].removeprefix("a leaves ")))
    assert bystander.is_running()
