"""Where the time of one call goes: torch's operators by own time, from its profiler, after the timed part."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter_ns

from bench.records.measurement import OPERATORS_MAX, OperatorProfile, OperatorTime
from bench.records.text import clean_line

_QUIET = {"KINETO_LOG_LEVEL": "99"}
"""The profiler's library reads it when it starts, and else writes lines to standard error of a worker."""

_GRAPH_KEY = re.compile(r"(?<=CompiledFxGraph) \S+(?= ##)")
"""Inductor's name of a compiled graph ends in a key of its cache, which is another one for each version of torch."""


def record_operators(call: Callable[[], object]) -> OperatorProfile:
    """Run a call under torch's profiler, and return its operators by own time, the longest first.

    An operator's own time is its wall time on the thread that called it, without the operators that it called. What a
    compiled program computes is in the operator that called the program.

    Args:
        call: Runs once, some percent slower than without a profiler.
    """
    from torch.profiler import ProfilerActivity, profile

    with _quiet(), profile(activities=[ProfilerActivity.CPU]) as profiler:
        start = perf_counter_ns()
        call()
        elapsed_ns = perf_counter_ns() - start
    calls: dict[str, int] = {}
    own_ns: dict[str, int] = {}
    for event in profiler.events() or ():
        name = _GRAPH_KEY.sub("", clean_line(event.name))
        calls[name] = calls.get(name, 0) + 1
        own_ns[name] = own_ns.get(name, 0) + max(0, round(event.self_cpu_time_total * 1000))
    longest = sorted(own_ns, key=lambda name: (-own_ns[name], name))
    return OperatorProfile(
        elapsed_ns=elapsed_ns,
        own_ns=sum(own_ns.values()),
        operators=tuple(
            OperatorTime(name=name, calls=calls[name], own_ns=own_ns[name]) for name in longest[:OPERATORS_MAX]
        ),
    )


@contextmanager
def _quiet() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _QUIET}
    os.environ.update(_QUIET)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
