import pytest

from bench.measure import bandwidth, timing
from bench.measure.bandwidth import measure_bandwidth

pytestmark = pytest.mark.torch


def test_a_triad_counts_two_arrays_read_and_one_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bandwidth, "find_best_ns", lambda call, _rounds, **_least: call() is None or 1000)
    rates = measure_bandwidth(4096, read=True)
    assert rates.triad == pytest.approx(3 * 4096 / 1e-6)
    assert rates.read == pytest.approx(4096 / 1e-6)


def test_reading_is_measured_only_where_it_is_asked_for() -> None:
    rates = measure_bandwidth(1 << 20, read=False)
    assert rates.triad > 0
    assert rates.read is None


def test_arrays_of_gigabytes_are_not_timed_while_their_pages_are_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([420, 280, 290, 300, 110, 80, 90, 100])
    monkeypatch.setattr(timing, "time_ns", lambda _call: next(times) * timing.LONGEST_NS)
    rates = measure_bandwidth(4096, read=True)
    assert rates.triad == pytest.approx(3 * 4096 / (280 * timing.LONGEST_NS) * 1e9)
    assert rates.read == pytest.approx(4096 / (80 * timing.LONGEST_NS) * 1e9)
