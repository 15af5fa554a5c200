"""A process in a worker's place: it binds itself, touches memory in all its threads, and reports the result."""

import ctypes
import mmap
import os
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.launch.binding import bind_process, find_binding_problem, read_effective
from bench.launch.failure import WorkerFailedError
from bench.records.cpulist import format_cpulist
from bench.records.effective import Effective
from bench.records.profile import Binding
from bench.report.reasons import describe_reason
from tests.numa.apart import run_apart

PAGES = 16_384
"""64 MiB: far more than all else that such a process touches."""

_MOVE_PAGES = 279
"""Linux arch/x86/entry/syscalls/syscall_64.tbl."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to do.

    Attributes:
        binding: As in a plan.
        group: The control group to join before anything else; None for the one it is born in.
        escape: CPUs that one thread goes over to, as a runtime that binds its own threads does.
    """

    binding: Binding
    group: Path | None = None
    escape: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one thread saw of itself, by the kernel's own calls.

    Attributes:
        allowed: CPUs it may run on, list format.
        ran_on: The CPU it ran on after it had touched its pages.
    """

    allowed: str
    ran_on: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the process reports.

    Attributes:
        refused: Why the kernel refused the binding, as a sentence; the rest is empty then.
        memory_binding: As `bind_process` says.
        before, after: In force before and after the pages were touched.
        threads: Of each that was started after the binding.
        pages: Node → pages touched that lie on it, as `move_pages` says of each: a second source besides numa_maps.
        problem: As `find_binding_problem` says after the pages were touched.
    """

    refused: str | None = None
    memory_binding: str = ""
    before: Effective | None = None
    after: Effective | None = None
    threads: tuple[Seen, ...] = ()
    pages: dict[int, int] = field(default_factory=dict)
    problem: str | None = None

    def count_new_pages(self, node: int) -> int:
        """Pages that numa_maps shows on a node after, and not before."""
        before = (self.before and self.before.node_pages) or {}
        after = (self.after and self.after.node_pages) or {}
        return after.get(str(node), 0) - before.get(str(node), 0)


def ask_instances(*requests: Request) -> list[Answer]:
    """Run a process for each request, at the same time, and return their answers."""
    return run_apart(_answer, requests, Answer)


def _answer(request: Request) -> Answer:
    if request.group is not None:
        (request.group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
    try:
        return _obey(request)
    except WorkerFailedError as error:
        return Answer(refused=describe_reason(error.failure.cause))


def _obey(request: Request) -> Answer:
    binding = request.binding
    held = bind_process(binding)
    before = read_effective(held, binding.threads)
    # Private, so that it is anonymous memory, as a tensor's is.
    block = mmap.mmap(-1, PAGES * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    seen: dict[int, Seen] = {}
    touched = threading.Barrier(binding.threads + 1)
    read = threading.Event()

    def work(index: int) -> None:
        if request.escape and index == 0:
            os.sched_setaffinity(0, request.escape)
        share = slice(index * mmap.PAGESIZE, None, binding.threads * mmap.PAGESIZE)
        block[share] = bytes([1]) * len(range(*share.indices(len(block))))
        seen[index] = Seen(
            allowed=format_cpulist(os.sched_getaffinity(0)), ran_on=ctypes.CDLL(None, use_errno=True).sched_getcpu()
        )
        touched.wait()
        read.wait()  # a thread that has ended is in no file of the kernel's

    threads = [threading.Thread(target=work, args=(index,), daemon=True) for index in range(binding.threads)]
    for thread in threads:
        thread.start()
    touched.wait(timeout=60)
    after = read_effective(held, binding.threads)
    read.set()
    for thread in threads:
        thread.join()
    problem = find_binding_problem(binding, after)
    return Answer(
        memory_binding=held,
        before=before,
        after=after,
        threads=tuple(seen[index] for index in sorted(seen)),
        pages=_locate_pages(block),
        problem=None if problem is None else describe_reason(problem),
    )


def _locate_pages(block: mmap.mmap) -> dict[int, int]:
    """Node → pages of a block, by `move_pages` with nowhere to move to; an error of a page is a node below 0."""
    view = ctypes.c_char.from_buffer(block)
    first = ctypes.addressof(view)
    pages = (ctypes.c_void_p * PAGES)(*(first + index * mmap.PAGESIZE for index in range(PAGES)))
    nodes = (ctypes.c_int * PAGES)()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_MOVE_PAGES, 0, ctypes.c_ulong(PAGES), pages, None, nodes, 0) < 0:
        raise OSError(ctypes.get_errno(), "move_pages")
    return dict(Counter(nodes))
