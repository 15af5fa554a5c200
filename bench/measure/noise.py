"""The noise ledger: what disturbed the timed part of one instance.

The kernel's counters are read before and after it. After each sample, outside of what is timed, two clocks and a mask are
read, a few microseconds in all: a pause or a change of the allowed CPUs that comes and goes within a repetition leaves no
trace in counters.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, clock_gettime_ns
from typing import TypeVar

from bench.measure.counters import Counters, read_counters, read_frequency_hz
from bench.records.cpulist import parse_cpulist
from bench.records.measurement import Noise, Sample

Number = TypeVar("Number", int, float)

FREQUENCY_EVERY_NS = 250_000_000
"""Between two readings of the frequency, each some 20 microseconds a CPU: some drivers interrupt the CPU for it."""

STALLED_SHARE = 2 / 3
"""Share of the median processor time per second: a sample with less was interrupted for long. Parallelism that changes from
iteration to iteration varies less."""


@dataclass(frozen=True)
class Clocks:
    """What the ledger reads beside files; tests put scripts in their place.

    Attributes:
        monotonic_ns: Stands still while the host sleeps.
        boottime_ns: Goes on while the host sleeps.
        process_ns: Processor time of the process, all threads.
        allowed_cpus: Of the calling thread.
    """

    monotonic_ns: Callable[[], int] = lambda: clock_gettime_ns(CLOCK_MONOTONIC)
    boottime_ns: Callable[[], int] = lambda: clock_gettime_ns(CLOCK_BOOTTIME)
    process_ns: Callable[[], int] = lambda: clock_gettime_ns(CLOCK_PROCESS_CPUTIME_ID)
    allowed_cpus: Callable[[], set[int]] = lambda: os.sched_getaffinity(0)


REAL_CLOCKS = Clocks()


class NoiseLedger:
    """Watches one timed part: from its making, after each sample, to `finish`."""

    def __init__(
        self, cpus: str, *, layout_cpus: str = "", root: Path = Path("/"), clocks: Clocks = REAL_CLOCKS
    ) -> None:
        """Read everything for the first time.

        Args:
            cpus: That the process is bound to, list format.
            layout_cpus: Those of all instances of the layout.
            root: Of the file system.
            clocks: To read.
        """
        self._cpus = parse_cpulist(cpus)
        self._layout_cpus = parse_cpulist(layout_cpus)
        self._root = root
        self._clocks = clocks
        self._frequencies_hz: list[int] = []
        self._frequency_read_ns = clocks.monotonic_ns()
        self._affinity_changes = 0
        self._before = self._read_counters()
        self._began_ns = clocks.monotonic_ns(), clocks.boottime_ns()
        self._allowed = clocks.allowed_cpus()
        self._process_ns = [clocks.process_ns()]

    def after_sample(self) -> None:
        """Read the clocks and the allowed CPUs, whose changes counters do not show."""
        self._process_ns.append(self._clocks.process_ns())
        allowed = self._clocks.allowed_cpus()
        if allowed != self._allowed:
            self._allowed = allowed
            self._affinity_changes += 1
        if self._clocks.monotonic_ns() - self._frequency_read_ns >= FREQUENCY_EVERY_NS:
            self._read_frequency()

    def finish(self, samples: Sequence[Sample]) -> Noise:
        """Read everything again and return what happened since.

        Args:
            samples: That were timed meanwhile; `after_sample` was called after each.
        """
        monotonic_ns, boottime_ns = self._clocks.monotonic_ns(), self._clocks.boottime_ns()
        after = self._read_counters()
        self._read_frequency()
        wall_ns = monotonic_ns - self._began_ns[0]
        asleep_ns = boottime_ns - self._began_ns[1] - wall_ns
        return compare_counters(
            self._before,
            after,
            wall_s=wall_ns / 1e9,
            suspended_s=max(0, asleep_ns) / 1e9,
            stalled_s=find_stalled_s(samples, self._process_ns),
            affinity_changes=self._affinity_changes,
            cpu_count=len(self._cpus),
            frequencies_hz=self._frequencies_hz,
        )

    def _read_counters(self) -> Counters:
        return read_counters(self._cpus, self._root, layout_cpus=self._layout_cpus)

    def _read_frequency(self) -> None:
        frequency_hz = read_frequency_hz(self._cpus, self._root)
        if frequency_hz is not None:
            self._frequencies_hz.append(frequency_hz)
        self._frequency_read_ns = self._clocks.monotonic_ns()


def find_stalled_s(samples: Sequence[Sample], process_ns: Sequence[int]) -> float | None:
    """Return the seconds in and between samples in which the process did not run although it should have.

    A process that is stopped or frozen, or whose whole guest is, uses no processor time meanwhile. How much it uses while
    it runs is known from the other samples. A workload that waits by itself, as for a clock, uses little, now more and now
    less of it, in samples of equal length: only what makes a sample longer than usual is a stall.

    Args:
        samples: In order.
        process_ns: Processor time before the first and after each.

    Returns:
        None without samples, or if processor time was not read after each.
    """
    if not samples or len(process_ns) != len(samples) + 1:
        return None
    used_ns = [later - earlier for earlier, later in pairwise(process_ns)]
    shares = [used / sample.elapsed_ns for used, sample in zip(used_ns, samples, strict=True)]
    typical_share = median(shares)
    if typical_share <= 0:
        return None
    typical_ns = median(sample.elapsed_ns for sample in samples)
    stalled_ns = (
        max(0.0, sample.elapsed_ns - max(used / typical_share, typical_ns))
        for used, share, sample in zip(used_ns, shares, samples, strict=True)
        if share < STALLED_SHARE * typical_share
    )
    between_ns = (later.start_ns - sample.start_ns - sample.elapsed_ns for sample, later in pairwise(samples))
    return (sum(stalled_ns) + sum(between_ns)) / 1e9


def compare_counters(
    before: Counters,
    after: Counters,
    *,
    wall_s: float,
    cpu_count: int,
    suspended_s: float | None = None,
    stalled_s: float | None = None,
    affinity_changes: int | None = None,
    frequencies_hz: Sequence[int] = (),
) -> Noise:
    """Return what happened between two readings.

    Args:
        before: The first reading.
        after: The second.
        wall_s: Seconds between them on the monotonic clock.
        cpu_count: Bound CPUs.
        suspended_s: As in `Noise`, as are the next two.
        stalled_s: Of samples.
        affinity_changes: Counted after samples.
        frequencies_hz: Readings of the frequency.
    """
    cpu = _difference(before.cpu_ticks, after.cpu_ticks)
    steal = _difference(before.steal_ticks, after.steal_ticks)
    idle = _difference(before.idle_ticks, after.idle_ticks)
    own = _difference(before.own_ticks, after.own_ticks)
    known = cpu is not None and cpu > 0 and steal is not None and idle is not None
    foreign = None if not known or own is None else (cpu or 0) - (idle or 0) - (steal or 0) - own
    accounted_s = None if not known else (cpu or 0) / os.sysconf("SC_CLK_TCK") / cpu_count
    return Noise(
        steal_ratio=(steal or 0) / (cpu or 1) if known else None,
        throttled_s=_difference(before.throttled_s, after.throttled_s),
        cpu_pressure_s=_difference(before.pressure_s, after.pressure_s),
        involuntary_switches=_difference(before.involuntary_switches, after.involuntary_switches),
        migrations=_difference(before.migrations, after.migrations),
        major_faults=_difference(before.major_faults, after.major_faults),
        frequency_hz=sum(frequencies_hz) // len(frequencies_hz) if frequencies_hz else None,
        foreign_ratio=None if foreign is None else max(0.0, foreign / (cpu or 1)),
        sibling_ratio=_sibling_ratio(before, after),
        thermal_throttled_s=_difference(before.thermal_throttled_s, after.thermal_throttled_s),
        frequency_min_hz=min(frequencies_hz, default=None),
        affinity_changes=affinity_changes,
        suspended_s=suspended_s,
        unaccounted_s=None if accounted_s is None else max(0.0, wall_s - accounted_s),
        stalled_s=stalled_s,
    )


def _sibling_ratio(before: Counters, after: Counters) -> float | None:
    """Return the busy share of the siblings' time; 0 where the bound cores have no others."""
    total = _difference(before.sibling_ticks, after.sibling_ticks)
    busy = _difference(before.sibling_busy_ticks, after.sibling_busy_ticks)
    if total is None or busy is None:
        return None
    return busy / total if total else 0.0


def _difference(before: Number | None, after: Number | None) -> Number | None:
    """Return what a counter grew by; None of one that went backwards, as when a thread ended: it has no meaning."""
    if before is None or after is None or after < before:
        return None
    return after - before
