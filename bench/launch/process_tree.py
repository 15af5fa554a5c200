"""Ties between bench's processes: a child ends with its parent, and a parent reports how its child ended."""

import os
import signal
from contextlib import suppress
from typing import NoReturn

from bench.launch.kernel import prctl

SIGNALLED = 128
"""Added to a signal's number, as a shell does, where an exit status has only eight bits: a container's has."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
"""Linux include/uapi/linux/prctl.h."""


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies, so that no worker outlives a run."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Ask the kernel to make this process the parent of processes that its children leave behind."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


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
