"""Work on many bundles on all cores."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

from bench.errors import EnvironmentUnfitError

_CHUNK = 8
"""Bundles that a process is given at a time. Most take 0.1 s, so little time is lost at the end."""

ResultT = TypeVar("ResultT")


def map_bundles(function: Callable[[Path], ResultT], paths: Sequence[Path]) -> Iterator[ResultT]:
    """Yield a function's result for each bundle, in order; as many at a time as this process may use CPUs.

    Where processes cannot share work, as with a read-only `/dev/shm`, one is worked on after another.

    Args:
        function: Can be pickled, as can its results.
        paths: Of the bundles.

    Raises:
        EnvironmentUnfitError: a process was killed, as happens when memory runs out.
    """
    jobs = min(len(os.sched_getaffinity(0)), -(-len(paths) // _CHUNK))
    pool = _make_pool(jobs) if jobs > 1 else None
    if pool is None:
        yield from map(function, paths)
        return
    with pool:
        try:
            yield from pool.map(function, paths, chunksize=_CHUNK)
        except BrokenExecutor as error:
            raise EnvironmentUnfitError("a verifying process was killed: out of memory? Name fewer bundles") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _make_pool(jobs: int) -> ProcessPoolExecutor | None:
    """Return a pool; None where its semaphores or pipes cannot be made."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.verification.verify", "numpy", "scipy.special"])
    try:
        return ProcessPoolExecutor(jobs, mp_context=context, initializer=_leave_interrupts)
    except (OSError, NotImplementedError, ImportError):  # the last two: a C library or kernel without semaphores
        return None


def _leave_interrupts() -> None:
    """Ignore Ctrl-C and the end of a terminal, which reach the whole process group: the parent handles them."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
