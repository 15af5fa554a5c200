import os
import selectors
import sys
import textwrap
from pathlib import Path
from tempfile import gettempdir

import psutil
import pytest

from bench.errors import LaunchError
from bench.launch.failure import WorkerFailedError
from bench.launch.process import STDERR_LINES
from bench.launch.protocol import Failed, Loaded, Measured, Ready, encode_message
from bench.launch.workers import Job, Workers
from bench.records.measurement import Failure, InstanceResult
from bench.records.plan import Task
from bench.records.reason import Reason
from bench.report.reasons import describe_reason
from tests.builders import BINDING, CASE, POLICY, RUNTIME, make_instance

TASK = Task(
    kind="measure", case=CASE, binding=BINDING, runtime=RUNTIME, policy=POLICY, scratch=gettempdir(), prove=False
)
LOADED = encode_message(Loaded()).decode().strip()
READY = encode_message(Ready()).decode().strip()
MEASURED = encode_message(Measured(result=make_instance())).decode().strip()
FAILED = (
    encode_message(Failed(failure=Failure(reason="no_effect", values={"text": "nothing became int8"}))).decode().strip()
)

LOAD = f"receive(); send({LOADED!r}); receive();"

GOOD = f"""
    receive(); send({LOADED!r}); receive(); send({READY!r}); receive(); send({MEASURED!r})
"""


def run(body: str, *, count: int = 1, timeout_s: float = 20, tmp_path: Path | None = None) -> list[InstanceResult]:
    """Run workers whose whole program is `body`."""
    program = (
        "import os, sys, time\ndef receive(): return sys.stdin.readline()\ndef send(line): print(line, flush=True)\n"
    )
    environment = dict(os.environ) | ({} if tmp_path is None else {"OUT": str(tmp_path)})
    argv = [sys.executable, "-c", program + textwrap.dedent(body)]
    with Workers() as workers:
        results = workers.run(Job(argv, [TASK] * count, [environment] * count, "a"), timeout_s=timeout_s)
    return [result for result in results if isinstance(result, InstanceResult)]


def failure(body: str, *, count: int = 1, timeout_s: float = 20, tmp_path: Path | None = None) -> Failure:
    with pytest.raises(WorkerFailedError) as caught:
        run(body, count=count, timeout_s=timeout_s, tmp_path=tmp_path)
    return caught.value.failure


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]


def test_results_come_back_in_the_order_of_the_tasks() -> None:
    assert run(GOOD, count=3) == [make_instance()] * 3


def test_the_task_reaches_the_worker_through_its_standard_input(tmp_path: Path) -> None:
    run(
        f"open(os.environ['OUT'] + '/task', 'w').write(receive()); send({LOADED!r}); receive(); send({READY!r}); receive(); send({MEASURED!r})",
        tmp_path=tmp_path,
    )
    assert '"workload":"resnet50"' in (tmp_path / "task").read_text()


def test_a_worker_that_goes_back_to_waiting_without_a_result_has_none() -> None:
    assert failure(f"{LOAD} send({READY!r}); receive(); send({LOADED!r}); receive()").reason == "no_result"
    assert failure(f"{LOAD} send({LOADED!r}); receive()").reason == "ended_early"


def test_no_worker_starts_timing_before_all_are_ready(tmp_path: Path) -> None:
    run(
        f"""
        receive()
        first = os.path.exists(os.environ["OUT"] + "/seen")
        open(os.environ["OUT"] + "/seen", "w").close()
        send({LOADED!r}); receive()
        time.sleep(0.5 * first)
        open(f"{{os.environ['OUT']}}/ready-{{os.getpid()}}", "w").write(str(time.monotonic_ns()))
        send({READY!r}); receive()
        open(f"{{os.environ['OUT']}}/go-{{os.getpid()}}", "w").write(str(time.monotonic_ns()))
        send({MEASURED!r})
        """,
        count=2,
        tmp_path=tmp_path,
    )
    ready = [int(path.read_text()) for path in tmp_path.glob("ready-*")]
    go = [int(path.read_text()) for path in tmp_path.glob("go-*")]
    assert max(ready) < min(go)


@pytest.mark.parametrize(
    ("body", "reason", "values"),
    [
        ("sys.exit(3)", "exited", {"status": "3"}),
        ("os.kill(os.getpid(), 9)", "killed", {"signal": "SIGKILL"}),
        ("os.kill(os.getpid(), 11)", "crashed", {"signal": "SIGSEGV"}),
        ("send('hello')", "invalid_message", {"text": "JSON is malformed: invalid character (byte 0)"}),
        (f"receive(); send({FAILED!r})", "no_effect", {"text": "nothing became int8"}),
        (f"{LOAD} send({FAILED!r})", "no_effect", {"text": "nothing became int8"}),
        (f"{LOAD} send({READY!r}); receive(); send({FAILED!r})", "no_effect", {"text": "nothing became int8"}),
        (f"receive(); send({LOADED!r}); sys.exit(0)", "exited", {"status": "0"}),
        (f"{LOAD} send({READY!r}); receive(); sys.exit(0)", "exited", {"status": "0"}),
        (f"receive(); send({MEASURED!r})", "not_ready", {}),
        (f"{LOAD} send({MEASURED!r})", "not_ready", {}),
    ],
    ids=[
        "exits",
        "killed",
        "crashes",
        "babbles",
        "fails at loading",
        "fails early",
        "fails late",
        "ends when loaded",
        "forgets its result",
        "does not wait for go",
        "does not wait for the others",
    ],
)
def test_each_way_to_fail_has_its_reason(body: str, reason: str, values: dict[str, str]) -> None:
    failed = failure(body)
    assert failed.cause == Reason(code=reason, values=values)
    assert describe_reason(failed.cause) != reason


def test_the_last_lines_of_standard_error_are_kept() -> None:
    failed = failure("for i in range(100): print('line', i, file=sys.stderr)\nsys.exit(1)")
    assert failed.stderr == tuple(f"line {number}" for number in range(100 - STDERR_LINES, 100))


def test_a_worker_that_hangs_ends_with_all_it_started() -> None:
    before = children()
    failed = failure("import subprocess; subprocess.Popen(['sleep', '100']); time.sleep(100)", timeout_s=1)
    assert failed.cause == Reason(code="timeout", values={"seconds": "1"})
    assert children() == before


def test_one_failing_instance_ends_the_others(tmp_path: Path) -> None:
    body = f"""
    receive()
    try:
        os.close(os.open(os.environ["OUT"] + "/first", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        send({LOADED!r}); time.sleep(100)
    sys.exit(4)
    """
    before = children()
    assert failure(body, count=2, tmp_path=tmp_path).cause == Reason(code="exited", values={"status": "4"})
    assert children() == before


def test_a_worker_that_cannot_be_started_says_which() -> None:
    with pytest.raises(LaunchError, match="cannot start a worker with /no/such/python: No such file"):
        Workers().run(Job(["/no/such/python"], [TASK], [{}], "a"), timeout_s=5)


def test_an_interrupt_leaves_no_worker_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_self: object, _timeout: float | None = None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(selectors.DefaultSelector, "select", interrupt)
    before = children()
    with pytest.raises(KeyboardInterrupt):
        run("time.sleep(100)")
    assert children() == before
