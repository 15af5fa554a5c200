"""Probe for noisy neighbours: time a fixed short loop on each CPU, and read what others used of it meanwhile.

The process sleeps in the kernel between rounds, so that it takes a few percent of one CPU at most: what is seen is the
others. On a busy host, also another program of the same user is such an other.
"""

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench.hardware.tree import Tree
from bench.records.diagnosis import NeighbourProbe, ProbedCpu

_ITERATIONS: Final = 100_000
"""Of the loop: some 3 ms, as long as a few operators of a small model, and shorter than a tick of most schedulers."""

_PAUSE_S: Final = 0.1
"""Between two rounds. A program that runs all the time is met in each round, a short one in some."""

_LEAST_ROUNDS: Final = 5
"""However short the probe is, and however many CPUs there are: of fewer times no tenth can be told."""

_ROW: Final = re.compile(r"cpu([0-9]{1,5})((?: [0-9]{1,20}){8,10})\s*", re.ASCII)


@dataclass(frozen=True)
class Ticks:
    """Running totals of one CPU in `/proc/stat`, in ticks (proc_stat(5)).

    Attributes:
        total: All of its time; user time already holds that of guests.
        idle: Idle, or waiting for a disk.
        steal: Given to others by the hypervisor.
    """

    total: int
    idle: int
    steal: int


@dataclass(frozen=True)
class Instruments:
    """What the probe uses of the host; tests put scripts in their place.

    Attributes:
        clock_ns: Monotonic.
        own_ns: Processor time of the calling thread.
        bind: Hold the calling thread to some CPUs.
        sleep: For some seconds, in the kernel.
        loop: The fixed work.
        read_ticks: By CPU; empty if the kernel shows none.
    """

    clock_ns: Callable[[], int]
    own_ns: Callable[[], int]
    bind: Callable[[frozenset[int]], None]
    sleep: Callable[[float], None]
    loop: Callable[[], object]
    read_ticks: Callable[[], Mapping[int, Ticks]]


def count_up() -> int:
    """Do the fixed work."""
    total = 0
    for number in range(_ITERATIONS):
        total += number
    return total


def read_host_ticks() -> Mapping[int, Ticks]:
    """Read the totals of this host's CPUs."""
    return parse_ticks(Tree(Path("/")).text("proc/stat") or "")


REAL_INSTRUMENTS: Final = Instruments(
    clock_ns=time.perf_counter_ns,
    own_ns=time.thread_time_ns,
    bind=lambda cpus: os.sched_setaffinity(0, cpus),
    sleep=time.sleep,
    loop=count_up,
    read_ticks=read_host_ticks,
)


def parse_ticks(text: str) -> Mapping[int, Ticks]:
    """Parse `/proc/stat`: CPU → totals. Lines of another form are ignored."""
    found: dict[int, Ticks] = {}
    for line in text.splitlines():
        if (match := _ROW.fullmatch(line)) is not None:
            fields = [int(field) for field in match[2].split()[:8]]
            found[int(match[1])] = Ticks(total=sum(fields), idle=fields[3] + fields[4], steal=fields[7])
    return found


def run_probe(
    cpus: frozenset[int], seconds: float, *, ticks_per_s: int, instruments: Instruments = REAL_INSTRUMENTS
) -> NeighbourProbe:
    """Probe some CPUs for some time. The calling thread may use the same CPUs afterwards as before.

    Args:
        cpus: That this process may use.
        seconds: How long.
        ticks_per_s: Of `/proc/stat`.
        instruments: To use.
    """
    times: dict[int, list[int]] = {cpu: [] for cpu in sorted(cpus)}
    own_ns = dict.fromkeys(times, 0)
    before, began_ns = instruments.read_ticks(), instruments.clock_ns()
    rounds = 0
    try:
        while rounds < _LEAST_ROUNDS or instruments.clock_ns() - began_ns < seconds * 1e9:
            for cpu, taken in times.items():
                used_ns = instruments.own_ns()
                instruments.bind(frozenset({cpu}))
                instruments.loop()  # not timed: the CPU wakes up, and its caches fill
                started_ns = instruments.clock_ns()
                instruments.loop()
                taken.append(instruments.clock_ns() - started_ns)
                own_ns[cpu] += instruments.own_ns() - used_ns
            rounds += 1
            instruments.sleep(_PAUSE_S)
    finally:
        instruments.bind(cpus)
    elapsed_s = (instruments.clock_ns() - began_ns) / 1e9
    after = instruments.read_ticks()
    return NeighbourProbe(
        elapsed_s=elapsed_s,
        rounds=rounds,
        cpus=tuple(
            summarize_cpu(cpu, taken, before.get(cpu), after.get(cpu), own_ticks=own_ns[cpu] / 1e9 * ticks_per_s)
            for cpu, taken in times.items()
        ),
    )


def summarize_cpu(
    cpu: int, times_ns: Sequence[int], before: Ticks | None, after: Ticks | None, *, own_ticks: float
) -> ProbedCpu:
    """Return what was seen of one CPU.

    Args:
        cpu: Its number.
        times_ns: Of the loop.
        before: Its totals at first; None if the kernel does not show them.
        after: Its totals at last.
        own_ticks: What the probe itself used of it.
    """
    ordered = sorted(times_ns)
    middle_ns = median(ordered)
    steal = foreign = None
    if before is not None and after is not None and after.total > before.total:
        total, idle, stolen = after.total - before.total, after.idle - before.idle, after.steal - before.steal
        steal = max(0.0, stolen / total)
        foreign = max(0.0, (total - idle - stolen - own_ticks) / total)
    return ProbedCpu(
        cpu=cpu,
        steal_ratio=steal,
        foreign_ratio=foreign,
        median_ns=round(middle_ns),
        best_ns=ordered[0],
        spread_ratio=max(0.0, ordered[len(ordered) * 9 // 10] / max(1, middle_ns) - 1),
    )
