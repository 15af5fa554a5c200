"""The clock that times samples is held against the kernel's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.measure.clocks import ClockReadings, find_clock_problem, read_clocks
from bench.records.measurement import Sample
from bench.report.reasons import describe_reason

BEFORE = ClockReadings(clock_ns=10**9, uptime_s=100.0)


def after(clock_s: float, uptime_s: float | None) -> ClockReadings:
    return ClockReadings(10**9 + int(clock_s * 1e9), uptime_s if uptime_s is None else 100.0 + uptime_s)


@pytest.mark.parametrize("clock_s", [1.0, 0.97, 1.03])
def test_clocks_that_agree_are_no_problem(clock_s: float) -> None:
    sample = Sample(start_ns=10**9 + 10, elapsed_ns=9 * 10**8, iterations=1)
    assert find_clock_problem([sample], BEFORE, after(clock_s, 1.0), suspended_s=0.0) is None


@pytest.mark.parametrize("clock_s", [0.5, 0.9, 1.1, 3.0])
def test_a_clock_that_goes_slower_or_faster_is_found(clock_s: float) -> None:
    problem = find_clock_problem([], BEFORE, after(clock_s, 1.0), suspended_s=None)
    assert problem is not None
    assert f"counted {clock_s:.2f} s, the kernel's 1.00 s" in describe_reason(problem)


@pytest.mark.parametrize(("start_ns", "elapsed_ns"), [(10**9 - 1, 10), (10**9 + 10, 10**9)])
def test_samples_of_another_clock_are_found(start_ns: int, elapsed_ns: int) -> None:
    sample = Sample(start_ns=start_ns, elapsed_ns=elapsed_ns, iterations=1)
    problem = find_clock_problem([sample], BEFORE, after(1.0, 1.0), suspended_s=0.0)
    assert problem is not None
    assert "samples lie outside of the 1.00 s" in describe_reason(problem)


def test_time_asleep_is_none_of_the_loops_clock() -> None:
    assert find_clock_problem([], BEFORE, after(1.0, 31.0), suspended_s=30.0) is None


def test_a_kernel_that_shows_no_uptime_shows_no_problem(tmp_path: Path) -> None:
    assert read_clocks(tmp_path, lambda: 7) == ClockReadings(7, None)
    assert find_clock_problem([], BEFORE, after(1.0, None), suspended_s=None) is None


def test_a_reading_that_was_interrupted_is_repeated(tmp_path: Path) -> None:
    uptime = tmp_path / "proc/uptime"
    uptime.parent.mkdir()
    uptime.write_text("100.00 1.0\n")

    def tick() -> Iterator[int]:
        uptime.write_text("105.00 1.0\n")
        yield 1
        yield 2

    ticks = tick()
    assert read_clocks(tmp_path, lambda: next(ticks)) == ClockReadings(2, 105.0)


def test_this_kernel_shows_its_uptime() -> None:
    assert (read_clocks().uptime_s or 0) > 0
