from datetime import UTC, datetime, timedelta

import pytest

from bench.run.clock import RunClock

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Host:
    """A wall clock that a test sets, and one that only goes on."""

    def __init__(self) -> None:
        self.wall = NOON
        self.elapsed_s = 1000.0

    def wait(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.elapsed_s += seconds

    def start(self, *, not_before: datetime | None = None) -> RunClock:
        return RunClock(not_before=not_before, read_wall=lambda: self.wall, read_elapsed_s=lambda: self.elapsed_s)


@pytest.mark.parametrize("hours", [-1, 1], ids=["back", "forward"])
def test_a_wall_clock_that_is_set_changes_no_time_and_is_recorded(hours: int) -> None:
    host = Host()
    clock = host.start()
    host.wait(10)
    host.wall += timedelta(hours=hours)
    host.wait(10)
    assert clock.now() == NOON + timedelta(seconds=20)
    assert clock.step_s() == hours * 3600


def test_a_resumed_run_goes_on_after_its_last_moment() -> None:
    host = Host()
    clock = host.start(not_before=NOON + timedelta(minutes=5))
    host.wait(10)
    assert clock.now() == NOON + timedelta(minutes=5, seconds=10)


def test_the_real_clocks_agree() -> None:
    clock = RunClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=60)
    assert abs(clock.step_s()) < 60
