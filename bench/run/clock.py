"""The time of day of a run, unaffected by steps of the wall clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import CLOCK_BOOTTIME, clock_gettime


def _read_wall() -> datetime:
    return datetime.now(UTC)


def _read_elapsed_s() -> float:
    """Return the seconds since boot, sleep included, by a clock that never steps."""
    return clock_gettime(CLOCK_BOOTTIME)


class RunClock:
    """Reads the wall clock once, and counts on from there with a clock that never steps.

    Guests have their clocks set when they were migrated or have just booted. The times of a run must keep their order
    and their distances: the bundle of an honest run would be refused otherwise.
    """

    def __init__(
        self,
        *,
        not_before: datetime | None = None,
        read_wall: Callable[[], datetime] = _read_wall,
        read_elapsed_s: Callable[[], float] = _read_elapsed_s,
    ) -> None:
        """Start at the wall clock's time.

        Args:
            not_before: Of a resumed run, the last moment that it recorded: the wall clock may have been set back since.
            read_wall: The wall clock.
            read_elapsed_s: Seconds of a clock that never steps.
        """
        self._read_wall = read_wall
        self._read_elapsed_s = read_elapsed_s
        wall = read_wall()
        self._start = wall if not_before is None else max(wall, not_before)
        self._start_s = read_elapsed_s()

    def now(self) -> datetime:
        """Return the time of day."""
        return self._start + timedelta(seconds=self._read_elapsed_s() - self._start_s)

    def step_s(self) -> float:
        """Return by how many seconds the wall clock was set forward, or back, since the start; to the millisecond."""
        return round((self._read_wall() - self.now()).total_seconds(), 3)
