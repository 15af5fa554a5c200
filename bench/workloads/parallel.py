"""Threads for work that releases the interpreter's lock: arithmetic of numpy, and hashing."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_MAX_THREADS = 8
"""More threads than this wait for the interpreter's lock rather than for arithmetic."""

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


def run_parallel(act: Callable[[ItemT], ResultT], items: Iterable[ItemT]) -> list[ResultT]:
    """Call `act` for each item, on as many threads as this process may use CPUs; results in order.

    The threads end before this returns, so none of them runs while something is timed later.
    """
    threads = min(len(os.sched_getaffinity(0)), _MAX_THREADS)
    with ThreadPoolExecutor(threads) as executor:
        return list(executor.map(act, items))
