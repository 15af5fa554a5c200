"""Ties between bench's processes: a child ends with its parent, with all that it started, and its end is reported."""

import os
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from bench.launch.kernel import prctl

SIGNALLED = 128
"""Added to a signal's number, as a shell does, where an exit status has only eight bits: a container's has."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
"""Linux include/uapi/linux/prctl.h."""


def die_with_parent(parent: int | None = None) -> None:
    """Ask the kernel to kill this process when its parent dies, so that no worker outlives a run.

    Args:
        parent: Its process id, of a process that forks and may have died before this asked: then this one ends now.
    """
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def adopt_orphans() -> None:
    """Ask the kernel to make this process the parent of processes that its children leave behind."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


@contextmanager
def ending_orphans() -> Iterator[None]:
    """End, at the end, what was started within: children, and what they left behind in sessions of its own."""
    adopt_orphans()
    before = list_children()
    try:
        yield
    finally:
        end_children(but=before)


def list_children() -> frozenset[int]:
    """Return the process ids of this process's children; none where the kernel does not list them."""
    children: set[int] = set()
    for thread in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # the thread has just ended; or a kernel without CONFIG_PROC_CHILDREN
            children |= set(map(int, (thread / "children").read_text(encoding="ascii").split()))
    return frozenset(children)


def end_children(*, but: Collection[int] = ()) -> None:
    """Kill and reap all children, and theirs, which this process inherits if it adopts orphans.

    Args:
        but: Process ids of children that stay. One that runs as another user stays too.
    """
    spared = set(but)
    while children := list_children() - spared:
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            except PermissionError:
                spared.add(child)
            except (ProcessLookupError, ChildProcessError):  # reaped by the kernel, where SIGCHLD is ignored
                pass


def end_like(status: int) -> NoReturn:
    """End this process as another ended, by the same signal too, without waiting for any thread.

    Args:
        status: As `Popen.returncode` and `os.waitstatus_to_exitcode` have it.
    """
    if status < 0:
        with suppress(OSError):
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(SIGNALLED - status if status < 0 else status)  # negative only if the signal ended nobody
