"""Run each task in a child of a process that has loaded libraries; it is forked before any parallel region.

Processes that a child starts and leaves behind (compilers, pools) are killed when it ends, so that nothing of one task
runs while another is timed.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from bench.launch.failure import fail
from bench.launch.process_tree import adopt_orphans, die_with_parent, end_children
from bench.records.reason import Reason


class ForkServer:
    """Forks a process that has loaded libraries.

    Create it before anything is loaded: it takes threads that run by then as not started by libraries (an emulator has
    some).
    """

    def __init__(self) -> None:
        adopt_orphans()
        self._before = _list_threads()

    def run(self, work: Callable[[], NoReturn]) -> int:
        """Run `work` in a child, and kill all processes that it started.

        Args:
            work: Ends its process itself.

        Returns:
            The child's exit status, as `os.waitstatus_to_exitcode` has it.

        Raises:
            WorkerFailedError: something that was loaded runs threads, which a child would lack.
        """
        server = os.getpid()
        child = os.fork()
        if child == 0:
            try:
                die_with_parent(server)
                work()
            finally:
                os._exit(1)  # whatever a library raises, a child never continues as its parent
        started = _list_threads() - self._before  # OpenBLAS ends its own when the process forks
        if started:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        end_children()
        if started:
            names = ", ".join(sorted(name for _, name in started))
            raise fail(Reason(code="threads_before_fork", values={"threads": names}))
        return os.waitstatus_to_exitcode(status)


def _list_threads() -> set[tuple[str, str]]:
    """Return numbers and names of this process's threads, except the main one."""
    threads = set()
    for folder in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # the thread has just ended
            threads.add((folder.name, (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()))
    return {(number, name) for number, name in threads if number != str(os.getpid())}
