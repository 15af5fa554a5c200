import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import gettempdir

import msgspec
import pytest

from bench.errors import MachineError
from bench.launch.failure import fail
from bench.launch.protocol import GO, Failed, Loaded, Probed, Ready, decode_message
from bench.records.peak import ProbeRequest
from bench.records.plan import Task
from bench.records.profile import Binding
from bench.records.reason import Reason
from bench.records.record import encode_json_line
from bench.report.reasons import describe_reason
from bench.variants.errors import NoEffectError
from bench.worker.failure import explain_error
from bench.workloads.registry import WORKLOADS
from tests.builders import BINDING, CASE, POLICY, RUNTIME

TASK = Task(
    kind="measure", case=CASE, binding=BINDING, runtime=RUNTIME, policy=POLICY, scratch=gettempdir(), prove=False
)
DRIFT = ProbeRequest(array_bytes=1 << 20, cache_bytes=None, peaks=False)


@pytest.mark.parametrize(
    ("error", "reason", "values"),
    [
        (MemoryError("no room"), "allocation_failed", {"exception": "MemoryError", "text": "no room"}),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
            "allocation_failed",
            {"exception": "RuntimeError", "text": "DefaultCPUAllocator: can't allocate memory: you tried"},
        ),
        (fail(Reason(code="threads_differ", values={"planned": "2"})), "threads_differ", {"planned": "2"}),
        (NoEffectError("nothing became bf16"), "no_effect", {"text": "nothing became bf16"}),
        (MachineError("/proc: gone"), "refused", {"text": "/proc: gone"}),
        (ValueError("a\n  b"), "error", {"exception": "ValueError", "text": "a b"}),
    ],
    ids=["memory", "torch's memory", "binding", "no effect", "one of ours", "anything else, in one line"],
)
def test_every_error_of_a_model_becomes_a_reason(error: Exception, reason: str, values: dict[str, str]) -> None:
    failure = explain_error(error)
    assert (failure.reason, failure.values) == (reason, values)
    assert describe_reason(failure.cause) != reason


def run_worker(lines: bytes, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bench.worker"],
        input=lines,
        env=environment,
        capture_output=True,
        check=False,
        timeout=120,
    )


def test_a_binding_that_the_kernel_refuses_fails_before_torch_is_loaded() -> None:
    task = msgspec.structs.replace(TASK, binding=Binding(cpus="60000", memory_nodes="", threads=1))
    done = run_worker(encode_json_line(task))
    message = decode_message(done.stdout.splitlines()[-1])
    assert isinstance(message, Failed)
    assert message.failure.reason == "cpus_refused"
    assert message.failure.values["planned"] == "60000"


def test_a_task_to_measure_nothing_says_so() -> None:
    done = run_worker(encode_json_line(msgspec.structs.replace(TASK, case=None)))
    message = decode_message(done.stdout.splitlines()[-1])
    assert isinstance(message, Failed)
    assert message.failure.values == {"text": "a task to measure names no case"}


def test_a_probe_that_does_not_say_what_to_measure_fails(tmp_path: Path) -> None:
    task = msgspec.structs.replace(TASK, kind="probe", case=None, scratch=str(tmp_path))
    message = decode_message(run_worker(encode_json_line(task) * 2).stdout.splitlines()[1])
    assert isinstance(message, Failed)
    assert message.failure.values["text"].startswith("a probe's task does not say what to measure")


def test_an_invalid_task_fails() -> None:
    message = decode_message(run_worker(b"{}\n").stdout.splitlines()[-1])
    assert isinstance(message, Failed)
    assert "not a valid Task" in message.failure.values["text"]


def test_a_loaded_worker_runs_each_task_in_a_separate_process(tmp_path: Path) -> None:
    task = msgspec.structs.replace(TASK, kind="probe", case=None, probe=DRIFT, scratch=str(tmp_path))
    line = encode_json_line(task)
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2"}
    done = run_worker(line + (line + GO) * 2, environment)
    messages = [decode_message(line) for line in done.stdout.splitlines()]
    assert [type(message) for message in messages] == [Loaded, Ready, Probed, Loaded, Ready, Probed, Loaded]
    assert done.returncode == 0
    assert (tmp_path / "inductor").is_dir()


def test_a_worker_whose_task_fails_takes_the_next(tmp_path: Path) -> None:
    probe = msgspec.structs.replace(TASK, kind="probe", case=None, probe=DRIFT, scratch=str(tmp_path))
    lost = msgspec.structs.replace(probe, scratch="/no/such/folder")
    lines = [encode_json_line(task) for task in (probe, lost, probe)]
    messages = [decode_message(line) for line in run_worker(b"".join(lines) + GO).stdout.splitlines()]
    assert [type(message) for message in messages] == [Loaded, Failed, Loaded, Ready, Probed, Loaded]


@pytest.mark.parametrize("library", [None, "torchvision", "transformers", "torch_geometric"])
def test_a_workload_names_the_library_that_it_loads(library: str | None) -> None:
    modules = sorted({facts.target.partition(":")[0] for facts in WORKLOADS.values() if facts.library == library})
    program = """
import importlib, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
print(*sorted({"torchvision", "transformers", "torch_geometric"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", program, *modules], capture_output=True, check=True, text=True)
    found = done.stdout.split()
    assert modules
    assert library in found if library else not found  # some load others of them, in part
