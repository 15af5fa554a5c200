from itertools import chain

import pytest

from bench.measure import bandwidth, timing
from bench.measure.bandwidth import measure_bandwidth

pytestmark = pytest.mark.torch


def test_a_triad_counts_two_arrays_read_and_one_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bandwidth, "find_best_ns", lambda call, _rounds, **_least: call() is None or 1000)
    assert measure_bandwidth(1 << 20, read=False).triad == pytest.approx(3 * (1 << 20) / 1e-6)


@pytest.mark.parametrize(
    ("ns", "read_bytes"),
    [([1000, 9000, 9000], 1 << 20), ([9000, 1000, 9000], 2 << 20), ([9000, 9000, 1000], 1 << 20)],
    ids=["the sum", "the dot product of two arrays", "the matrix times a vector"],
)
def test_the_fastest_sweep_that_reads_counts(monkeypatch: pytest.MonkeyPatch, ns: list[int], read_bytes: int) -> None:
    times = iter([1000, *ns])
    monkeypatch.setattr(bandwidth, "find_best_ns", lambda call, _rounds, **_least: call() is None or next(times))
    assert measure_bandwidth(1 << 20, read=True).read == pytest.approx(read_bytes / 1e-6)


def test_reading_is_measured_only_where_it_is_asked_for() -> None:
    rates = measure_bandwidth(1 << 20, read=False)
    assert rates.triad > 0
    assert rates.read is None


def test_arrays_of_gigabytes_are_not_timed_while_their_pages_are_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps = [420, 280, 290, 300], [110, 80, 90, 100], [900, 900, 900, 900], [900, 900, 900, 900]
    times = chain.from_iterable(sweeps)
    monkeypatch.setattr(timing, "time_ns", lambda _call: next(times) * timing.LONGEST_NS)
    rates = measure_bandwidth(1 << 20, read=True)
    assert rates.triad == pytest.approx(3 * (1 << 20) / (280 * timing.LONGEST_NS) * 1e9)
    assert rates.read == pytest.approx((1 << 20) / (80 * timing.LONGEST_NS) * 1e9)
