"""Work on many bundles on all cores."""

import multiprocessing
import os
import runpy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

from bench.errors import EnvironmentUnfitError

_CHUNK = 8
"""Bundles that a process is given at a time. Most take 0.1 s, so little time is lost at the end."""

_JOIN = str(Path(__file__).with_name("join.py"))

ResultT = TypeVar("ResultT")


def map_bundles(function: Callable[[Path], ResultT], paths: Sequence[Path]) -> Iterator[ResultT]:
    """Yield a function's result for each bundle, in order; as many at a time as this process may use CPUs.

    Where processes cannot share work, as with a read-only `/dev/shm`, one is worked on after another.

    Args:
        function: Can be pickled, as can its results.
        paths: Of the bundles.

    Raises:
        EnvironmentUnfitError: a process ended early, as happens when memory runs out.
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
            raise EnvironmentUnfitError(
                "a process that reads bundles ended before its work was done; if memory ran out, name fewer bundles"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _make_pool(jobs: int) -> ProcessPoolExecutor | None:
    """Return a pool; None where its semaphores or pipes cannot be made."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["numpy", "scipy.special", "securesystemslib.signer"])
    try:
        return ProcessPoolExecutor(jobs, mp_context=context, initializer=runpy.run_path, initargs=(_JOIN,))
    except (OSError, NotImplementedError, ImportError):  # the last two: a C library or kernel without semaphores
        return None
