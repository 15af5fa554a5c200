"""Whether this process may start as many processes and threads as a layout needs: tried, before anything is measured.

A limit's number is not enough: a control group counts tasks of others, RLIMIT_NPROC those of the user, also in other
containers.
"""

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit

from bench.errors import EnvironmentUnfitError
from bench.records.kernel_events import TaskLimit
from bench.records.profile import Layout

_STACK_BYTES = 1 << 16
"""Of a thread that only waits: the default, 8 MiB, counts against a limit on address space."""

_FILES_PER_WORKER = 3
"""Its standard input and output, and the file for its standard error."""

_OTHER_FILES = 8
"""Files that a parent opens now and then beside those: a journal's folder, what the kernel counts, a compiler's pipe."""


def count_tasks(layout: Layout) -> int:
    """Return the processes and threads that a repetition needs.

    Per instance a worker, its child, and beside the child's main thread as many as generate its inputs. The team that
    computes later has one less.
    """
    return sum(2 + binding.threads for binding in layout.instances)


def require_tasks(layouts: Sequence[Layout], limits: Sequence[TaskLimit]) -> None:
    """Make sure that each layout's processes and threads can be started, by starting as many threads.

    Args:
        layouts: Of the plan.
        limits: Those that apply, the tightest first; they are named in the error.

    Raises:
        EnvironmentUnfitError: fewer can be started; says how many, and names the limit.
    """
    layout = max(layouts, key=count_tasks)
    needed = count_tasks(layout)
    started = count_startable(needed)
    if started < needed:
        named = f": {limits[0].name} is {limits[0].value}" if limits else ""
        raise EnvironmentUnfitError(
            f"layout {layout.name} needs {needed} processes and threads, and {started} could be started{named}; "
            "raise the limit (--pids-limit, ulimit -u), or measure with fewer --threads"
        )


def require_files(layouts: Sequence[Layout]) -> None:
    """Make sure that the pipes of each layout's workers can be opened.

    Raises:
        EnvironmentUnfitError: the limit on open files is too low; says both numbers.
    """
    limit = getrlimit(RLIMIT_NOFILE)[0]
    layout = max(layouts, key=lambda layout: len(layout.instances))
    with suppress(OSError):
        opened = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - only their number
        needed = opened + _OTHER_FILES + _FILES_PER_WORKER * len(layout.instances)
        if limit not in {RLIM_INFINITY, -1} and limit < needed:
            raise EnvironmentUnfitError(
                f"layout {layout.name} needs {needed} open files, and RLIMIT_NOFILE is {limit}; raise it (ulimit -n 1024)"
            )


def count_startable(wanted: int) -> int:
    """Return how many threads can be started at a time, at most as many as wanted; all have ended then."""
    end = threading.Event()
    threads: list[threading.Thread] = []
    before = threading.stack_size(_STACK_BYTES)
    try:
        for _ in range(wanted):
            thread = threading.Thread(target=end.wait)
            thread.start()
            threads.append(thread)
    except RuntimeError:  # can't start new thread
        pass
    finally:
        threading.stack_size(before)
        end.set()
        for thread in threads:
            thread.join()
    return len(threads)
