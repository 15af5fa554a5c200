"""How bench's processes stand to their parents and children: dying with the one, answering for the other."""

import ctypes
import os
import signal
from contextlib import suppress
from typing import NoReturn

SIGNALLED = 128
"""Added to a signal's number, as a shell does, where an end is told in eight bits: a container's is."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
"""Linux include/uapi/linux/prctl.h."""


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies, so that no worker outlives a run."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Ask the kernel to make this process the parent of what its children leave behind."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_like(status: int) -> NoReturn:
    """End this process at once as another ended, by the same signal too, and leave no thread to wait for.

    Args:
        status: As `Popen.returncode` and `os.waitstatus_to_exitcode` have it.
    """
    if status < 0:
        with suppress(OSError):
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(SIGNALLED - status if status < 0 else status)  # a negative one only if the signal ends nobody


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
