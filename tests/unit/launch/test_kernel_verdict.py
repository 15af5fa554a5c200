"""How a worker ended, by what the kernel counted: each row is one end."""

import signal

import pytest

from bench.launch.kernel_verdict import explain_end, explain_refusal
from bench.records.kernel_events import KernelEvents, TaskLimit
from bench.records.reason import Reason
from bench.report.reasons import describe_reason

PIDS = TaskLimit(name="pids.max", value=4)
NPROC = TaskLimit(name="RLIMIT_NPROC", value=12)
QUIET = KernelEvents(host_oom_kills=0, group_oom_kills=0, refused_tasks=0)
LIMITED = KernelEvents(host_oom_kills=1, group_oom_kills=1, memory_limit_bytes=900 << 20, refused_tasks=0)
HOST = KernelEvents(host_oom_kills=1, group_oom_kills=0, memory_limit_bytes=900 << 20, refused_tasks=0)
HOST_WITHOUT_LIMIT = KernelEvents(host_oom_kills=1, group_oom_kills=1, refused_tasks=0)
REFUSED = KernelEvents(host_oom_kills=0, group_oom_kills=0, refused_tasks=1, task_limits=(NPROC, PIDS))
LIBGOMP = ("libgomp: Thread creation failed: Resource temporarily unavailable",)


@pytest.mark.parametrize(
    ("status", "after", "stderr", "sentence"),
    [
        (-9, LIMITED, (), "killed: memory limit 900 MiB; give the run more memory"),
        (-9, HOST, (), "the kernel killed the worker: out of memory"),
        (-9, HOST_WITHOUT_LIMIT, (), "the kernel killed the worker: out of memory"),
        (-9, QUIET, (), "the worker was killed by SIGKILL (sent by another process)"),
        (-9, KernelEvents(), (), "the worker was killed by SIGKILL (sent by another process)"),
        (-signal.SIGILL, QUIET, (), "the worker died of SIGILL (illegal instruction: this CPU or its hypervisor lacks it)"),
        (-signal.SIGSEGV, QUIET, (), "the worker died of SIGSEGV (segmentation fault: invalid memory access)"),
        (-signal.SIGBUS, QUIET, (), "the worker died of SIGBUS (bus error: a mapped file was cut short, or its disk or memory is full)"),
        (-40, QUIET, (), "the worker died of signal 40"),
        (1, REFUSED, (), "the kernel refused a process or a thread: pids.max is 4; raise it"),
        (-6, REFUSED, (), "the kernel refused a process or a thread: pids.max is 4; raise it"),
        (1, KernelEvents(task_limits=(NPROC, PIDS)), LIBGOMP, "the kernel refused a process or a thread: RLIMIT_NPROC is 12; raise it"),
        (1, KernelEvents(), LIBGOMP, "the kernel refused a process or a thread; raise the limits on them (ulimit -u, pids.max)"),
        (1, QUIET, ("ImportError: no",), "the worker ended with status 1 and no result"),
    ],
    ids=[
        "its group's memory limit",
        "the host's memory, the group has room",
        "the host's memory, no limit",
        "somebody's kill",
        "somebody's kill, nothing is counted",
        "an instruction",
        "memory access",
        "a bus error",
        "a signal without a name",
        "a refused thread, then an exit",
        "a refused thread, then an abort",
        "a refused thread that only libgomp reports",
        "a refused thread, no limit is shown",
        "anything else",
    ],
)  # fmt: skip
def test_an_end_has_its_cause(status: int, after: KernelEvents, stderr: tuple[str, ...], sentence: str) -> None:
    assert describe_reason(explain_end(status, QUIET, after, stderr)) == sentence


def test_a_worker_that_nothing_was_refused_to_has_no_refusal() -> None:
    assert explain_refusal(QUIET, QUIET, ["RuntimeError: a model's own"]) is None


def test_an_older_bundles_signal_without_a_meaning_is_shown_bare() -> None:
    assert describe_reason(Reason(code="crashed", values={"signal": "SIGWINCH"})) == "the worker died of SIGWINCH"
