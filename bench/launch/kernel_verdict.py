"""Why a worker ended, by what the kernel counted meanwhile: a signal alone does not show who sent it."""

import signal
from collections.abc import Sequence

from bench.records.kernel_events import KernelEvents
from bench.records.reason import Reason

_REFUSED = ("Resource temporarily unavailable", "can't start new thread", "Thread creation failed", "System error #11")
"""What the C library, CPython, GNU's and LLVM's OpenMP print of a thread that the kernel refused (EAGAIN)."""


def explain_end(status: int, before: KernelEvents, after: KernelEvents, stderr: Sequence[str]) -> Reason:
    """Return why a worker ended without a result.

    Args:
        status: As `Popen.returncode` has it: negative for a signal.
        before: Read when its task began.
        after: Read now.
        stderr: Its last lines.
    """
    if status == -signal.SIGKILL:
        limit = after.memory_limit_bytes
        if _grew(before.group_oom_kills, after.group_oom_kills) and limit is not None:
            return Reason(code="memory_limit_reached", values={"limit_mib": str(limit >> 20)})
        if _grew(before.host_oom_kills, after.host_oom_kills):
            return Reason(code="out_of_memory")
        return Reason(code="killed", values={"signal": "SIGKILL"})
    refusal = explain_refusal(before, after, stderr)
    if refusal is not None:
        return refusal
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
        return Reason(code="crashed", values={"signal": name})
    return Reason(code="exited", values={"status": str(status)})


def explain_refusal(before: KernelEvents, after: KernelEvents, stderr: Sequence[str]) -> Reason | None:
    """Return that a process or thread was refused to a worker, and by which limit; None if none was."""
    if _grew(before.refused_tasks, after.refused_tasks):
        limits = [limit for limit in after.task_limits if limit.name == "pids.max"]
    elif any(text in line for line in stderr for text in _REFUSED):
        limits = list(after.task_limits)
    else:
        return None
    if not limits:
        return Reason(code="tasks_refused")
    return Reason(code="tasks_limit_reached", values={"limit": limits[0].name, "value": str(limits[0].value)})


def _grew(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and after > before
