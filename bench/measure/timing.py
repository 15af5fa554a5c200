"""The best of several rounds, which probes report: a peak is what can be reached, not what is typical."""

from collections.abc import Callable
from time import perf_counter_ns

LONGEST_NS = 300_000_000
"""Rounds end after this time, so that a slow or an emulated machine is not probed for minutes."""


def find_best_ns(call: Callable[[], object], rounds: int, *, least: int = 0) -> int:
    """Return the nanoseconds of the fastest of some rounds after a first one, which finds caches empty.

    Where calls take long there are fewer rounds, down to that first one, which counts where it is alone.

    Args:
        call: What is timed.
        rounds: At most, the first one not counted.
        least: Rounds after the first one that are made however long they take.
    """
    times = [time_ns(call)]
    while len(times) <= least or (len(times) <= rounds and sum(times) < LONGEST_NS):
        times.append(time_ns(call))
    return min(times[1:] or times)


def time_ns(call: Callable[[], object]) -> int:
    """Return the nanoseconds of one call, at least 1, since rates divide by it."""
    start = perf_counter_ns()
    call()
    return max(1, perf_counter_ns() - start)
