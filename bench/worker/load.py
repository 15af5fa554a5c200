"""What a worker does before its first task: prepare a folder, reset inherited state, bind itself, load libraries."""

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from time import process_time_ns
from typing import TYPE_CHECKING, NamedTuple

from bench.errors import LaunchError
from bench.launch.binding import bind_process
from bench.records.case import Case
from bench.records.collector import collector_paused
from bench.records.plan import Task
from bench.records.source import LocatedSource
from bench.worker.inherited import reset_inherited
from bench.worker.memory_limit import memory_limited
from bench.workloads.registry import find_workload, load_builder

if TYPE_CHECKING:
    from bench.interface.workload import Workload
    from bench.worker.pages import Run

_MODULES = {"measure": "bench.worker.cell", "package": "bench.worker.package", "probe": "bench.worker.probe"}
"""Kind of task → the module that does it. Each of them loads torch."""


class Loading(NamedTuple):
    """What loading did.

    Attributes:
        memory_binding: How memory is bound: `mempolicy` or `cpuset`.
        import_ns: CPU time of loading, nanoseconds; not wall time, since other workers may load at the same time.
        pages: Pages of libraries' files that are in memory.
    """

    memory_binding: str
    import_ns: int
    pages: "tuple[Run, ...]"


def settle(scratch: Path) -> None:
    """Direct temporary files and compilers' caches to a folder that exists."""
    caches = scratch / "inductor"
    caches.mkdir(exist_ok=True)
    os.environ["TMPDIR"], os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(scratch), str(caches)
    tempfile.tempdir = None


def load(task: Task) -> Loading:
    """Reset what was inherited, bind, then load torch and the library of a task's workload; compute nothing.

    Raises:
        WorkerFailedError: the kernel refuses the binding, or does not show which pages are in memory.
    """
    reset_inherited()
    memory_binding = bind_process(task.binding)
    start = process_time_ns()
    with _uncollected():
        import_module(_MODULES[task.kind])
        if task.kind != "probe":
            find_builder(require_case(task), task.source)
    import_ns = process_time_ns() - start
    from bench.worker.pages import find_file_pages

    return Loading(memory_binding, import_ns, find_file_pages())


def load_for_task(task: Task, before: Loading) -> Loading:
    """Load what only this task needs. The fork server leaves it to the child, as some backends start threads when imported.

    Raises:
        EnvironmentUnfitError: the backend's packages are not installed.
    """
    start = process_time_ns()
    with _uncollected():
        from bench.variants.prepare import load_variant

        find_builder(require_case(task), task.source)
        load_variant(require_case(task))
    return before._replace(import_ns=before.import_ns + process_time_ns() - start)


def find_builder(case: Case, located: LocatedSource | None) -> "Callable[[Case], Workload]":
    """Import what builds a case's workload: libraries, and no code of the user yet; that runs when it is called.

    Raises:
        UsageError: there is no such workload.
    """
    sources = () if located is None else (located.source,)
    builder = load_builder(find_workload(case.workload, sources), located)
    return builder if located is None else partial(_build_limited, builder)


def _build_limited(builder: "Callable[[Case], Workload]", case: Case) -> "Workload":
    """Build a workload of the user's within the memory that is free, so that too large a model ends nothing but itself."""
    with memory_limited():
        return builder(case)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector off loaded modules: they stay anyway, and scanning them copies pages that children share."""
    with collector_paused():
        yield
    gc.freeze()


def require_case(task: Task) -> Case:
    """Return the case of a task that needs one."""
    if task.case is None:
        raise LaunchError(f"a task to {task.kind} names no case")
    return task.case
