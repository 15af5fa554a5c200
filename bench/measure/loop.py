"""The timed loop. Between its two clock readings there is only the workload and a `for`."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import repeat
from time import perf_counter_ns

from bench.records.measurement import Sample
from bench.records.plan import Policy
from bench.stats.closed_loop import MAX_SAMPLES, WarmUp

Clock = Callable[[], int]
"""Nanoseconds of a clock that never steps and that all processes of the host share.

Linux' CLOCK_MONOTONIC, which is what `perf_counter_ns` reads there.
"""


def time_block(call: Callable[[], object], iterations: int, clock: Clock = perf_counter_ns) -> Sample:
    """Call the workload `iterations` times in a row and time the block."""
    rounds = repeat(None, iterations)
    start = clock()
    for _ in rounds:
        call()
    end = clock()
    return Sample(start_ns=start, elapsed_ns=max(1, end - start), iterations=iterations)


def warm_up(
    call: Callable[[], object], policy: Policy, clock: Clock = perf_counter_ns
) -> tuple[tuple[Sample, ...], bool, int]:
    """Run until samples are steady or the warm-up's time is over, finding the block length on the way.

    Returns:
        The warm-up's samples, whether they became steady, and how many iterations make one sample.
    """
    deadline = clock() + int(policy.warmup_max_s * 1e9)
    rule = WarmUp(policy.sample_s)
    samples: list[Sample] = []
    while True:
        samples.append(time_block(call, rule.iterations, clock))
        if rule.add(samples[-1]):
            return tuple(samples), True, rule.iterations
        if clock() >= deadline:
            return tuple(samples), False, rule.iterations


def time_samples(
    call: Callable[[], object],
    iterations: int,
    policy: Policy,
    clock: Clock = perf_counter_ns,
    after_sample: Callable[[], object] = lambda: None,
) -> tuple[Sample, ...]:
    """Time samples for `policy.measure_s`, and `policy.samples_min` at least.

    Clock readings go into a list that was allocated beforehand, and become records after the last sample.

    Args:
        call: The workload.
        iterations: Calls in a sample.
        policy: Of the plan.
        clock: Read right before and after a sample.
        after_sample: Called between samples, outside of what is timed.
    """
    until = int(policy.measure_s * 1e9)
    starts = [0] * MAX_SAMPLES
    ends = [0] * MAX_SAMPLES
    count = 0
    begin = clock()
    while count < MAX_SAMPLES:
        rounds = repeat(None, iterations)
        start = clock()
        for _ in rounds:
            call()
        end = clock()
        starts[count] = start
        ends[count] = end
        count += 1
        after_sample()
        if count >= policy.samples_min and end - begin >= until:
            break
    return tuple(
        Sample(start_ns=start, elapsed_ns=max(1, end - start), iterations=iterations)
        for start, end in zip(starts[:count], ends[:count], strict=True)
    )


@contextmanager
def quiet_interpreter() -> Iterator[None]:
    """Pause the garbage collector: live objects are frozen, and nothing is collected until the end.

    CPython counts references, so a loop without cycles still frees its memory.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
