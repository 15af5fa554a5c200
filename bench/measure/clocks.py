"""Two clocks at once, the loop's and the kernel's uptime: code of a model that replaces the first is found by the second."""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter_ns
from typing import NamedTuple

from bench.records.measurement import Sample
from bench.records.reason import Reason

_TICK_S = 0.01
"""Uptime is stated in hundredths of a second (proc_uptime(5))."""

_RELATIVE = 0.02
"""A clock that is off by less changes no number by more."""

_ATTEMPTS = 5


class ClockReadings(NamedTuple):
    """Readings of one moment.

    Attributes:
        clock_ns: Of the clock that times samples.
        uptime_s: Seconds since the host started, those asleep included; None if the kernel does not show them.
    """

    clock_ns: int
    uptime_s: float | None


def read_clocks(root: Path = Path("/"), clock: Callable[[], int] = perf_counter_ns) -> ClockReadings:
    """Read both clocks, again where something came between the readings.

    Args:
        root: Where /proc is.
        clock: In nanoseconds.
    """
    attempts = 0
    while True:
        before_s, clock_ns, after_s = _read_uptime_s(root), clock(), _read_uptime_s(root)
        attempts += 1
        if before_s is None or after_s is None or after_s - before_s < 2 * _TICK_S or attempts == _ATTEMPTS:
            return ClockReadings(clock_ns, before_s)


def find_clock_problem(
    samples: Sequence[Sample], before: ClockReadings, after: ClockReadings, *, suspended_s: float | None
) -> Reason | None:
    """Return that samples were not timed by a clock that agrees with the kernel's; None if they were, or nothing shows it.

    Args:
        samples: Of the timed part.
        before: Read right before the first of them.
        after: Read right after the last.
        suspended_s: Seconds between them in which the host slept, which uptime alone counts.
    """
    elapsed_s = (after.clock_ns - before.clock_ns) / 1e9
    if before.uptime_s is not None and after.uptime_s is not None:
        awake_s = after.uptime_s - before.uptime_s - (suspended_s or 0.0)
        if abs(elapsed_s - awake_s) > 3 * _TICK_S + _RELATIVE * awake_s:
            return Reason(code="clock_differs", values={"clock_s": f"{elapsed_s:.2f}", "uptime_s": f"{awake_s:.2f}"})
    if any(
        sample.start_ns < before.clock_ns or sample.start_ns + sample.elapsed_ns > after.clock_ns for sample in samples
    ):
        return Reason(code="samples_outside", values={"elapsed_s": f"{elapsed_s:.2f}"})
    return None


def _read_uptime_s(root: Path) -> float | None:
    try:
        return float((root / "proc/uptime").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return None
