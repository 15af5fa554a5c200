"""A run in a container ends when the process that started it is gone, however that ended.

A container is not a child of the process that asked the engine for it. Its standard input ends with that process, and is
the only sign of that.
"""

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from threading import Thread
from time import sleep

ATTENDED = "BENCH_ATTENDED"
"""The variable by which `bench container run` says that it holds standard input open as long as it lives."""

GRACE_S = 30
"""From SIGTERM to SIGKILL: time to end workers and to keep what was measured."""


def end_when_unattended(variables: Mapping[str, str], *, standard_input: int = 0, grace_s: float = GRACE_S) -> None:
    """Have this process interrupted when its standard input ends, if whoever started it asked for that.

    Args:
        variables: Of this process.
        standard_input: The descriptor; a thread sleeps in the kernel until it ends.
        grace_s: From the interruption until this process is killed.
    """
    if ATTENDED in variables:
        Thread(target=_end_with, args=(standard_input, grace_s), daemon=True).start()


def _end_with(descriptor: int, grace_s: float) -> None:
    with suppress(OSError):
        while os.read(descriptor, 4096):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
    sleep(grace_s)
    os.kill(os.getpid(), signal.SIGKILL)
