import pytest

from bench.measure import bandwidth
from bench.measure.bandwidth import measure_bandwidth

pytestmark = pytest.mark.torch


def test_a_triad_counts_two_arrays_read_and_one_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bandwidth, "find_best_ns", lambda call, _rounds: call() is None or 1000)
    rates = measure_bandwidth(4096, read=True)
    assert rates.triad == pytest.approx(3 * 4096 / 1e-6)
    assert rates.read == pytest.approx(4096 / 1e-6)


def test_reading_is_measured_only_where_it_is_asked_for() -> None:
    rates = measure_bandwidth(1 << 20, read=False)
    assert rates.triad > 0
    assert rates.read is None
