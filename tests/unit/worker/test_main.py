import subprocess
import sys

import msgspec
import pytest

from bench.errors import LaunchError, MachineError
from bench.launch.protocol import Failed, decode_message
from bench.records.plan import Task
from bench.records.profile import Binding
from bench.records.record import encode_json_line
from bench.variants.errors import NoEffectError
from bench.worker.__main__ import explain_error
from tests.builders import BINDING, CASE, POLICY, RUNTIME

TASK = Task(kind="measure", case=CASE, binding=BINDING, runtime=RUNTIME, policy=POLICY, prove=False)


@pytest.mark.parametrize(
    ("error", "reason", "message"),
    [
        (MemoryError("no room"), "out_of_memory", "MemoryError: no room"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
            "out_of_memory",
            "RuntimeError: Default",
        ),
        (LaunchError("plan binds CPUs 0-1, but 0 are in force"), "binding", "plan binds CPUs 0-1"),
        (NoEffectError("nothing became bf16"), "no_effect", "nothing became bf16"),
        (MachineError("/proc: gone"), "error", "/proc: gone"),
        (ValueError("a\n  b"), "error", "ValueError: a b"),
    ],
    ids=["memory", "torch's memory", "binding", "no effect", "one of ours", "anything else, in one line"],
)
def test_whatever_a_model_throws_becomes_a_reason(error: Exception, reason: str, message: str) -> None:
    failure = explain_error(error)
    assert failure.reason == reason
    assert failure.message.startswith(message)
    assert "\n" not in failure.message


def run_worker(line: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bench.worker"], input=line, capture_output=True, check=False, timeout=120
    )


def test_a_binding_that_the_kernel_refuses_fails_before_torch_is_loaded() -> None:
    task = msgspec.structs.replace(TASK, binding=Binding(cpus="60000", memory_nodes="", threads=1))
    done = run_worker(encode_json_line(task))
    message = decode_message(done.stdout.splitlines()[-1])
    assert isinstance(message, Failed)
    assert message.failure.reason == "binding"
    assert "plan binds CPUs 60000" in message.failure.message


def test_a_task_to_measure_nothing_says_so() -> None:
    done = run_worker(encode_json_line(msgspec.structs.replace(TASK, case=None)))
    message = decode_message(done.stdout.splitlines()[-1])
    assert isinstance(message, Failed)
    assert message.failure.message == "a task to measure names no case"


def test_a_task_that_is_none_ends_the_worker_with_an_error() -> None:
    done = run_worker(b"{}\n")
    assert done.returncode != 0
    assert b"not a valid Task" in done.stderr
