import numpy as np
import pytest

from bench.stats.autocorrelation import (
    LAGS,
    MAX_AUTOCORRELATION,
    VALUES_MIN,
    Shown,
    allow_for_cell,
    correlate,
    pool,
    sum_up,
)


def lag_correlation(values: np.ndarray, lag: int) -> float:
    deviations = values - values.mean()
    return float((deviations[lag:] * deviations[:-lag]).sum() / (deviations**2).sum())


def drift(rng: np.random.Generator, count: int, coefficient: float) -> np.ndarray:
    values = [0.0]
    for step in rng.normal(size=count):
        values.append(coefficient * values[-1] + step * (1 - coefficient**2) ** 0.5)
    return np.array(values[1:])


def show(values: np.ndarray, own: float = 0.0) -> Shown:
    return correlate(sum_up(values, np.full(len(values), own)), 0, np.array([len(values)]))


def make_shown(share: float, count: float) -> Shown:
    return Shown(np.full((len(LAGS), 1), share), np.array([count]))


def test_a_segment_has_the_correlations_of_its_own_values() -> None:
    values = np.random.default_rng(1).normal(size=40)
    shown = correlate(sum_up(values, np.zeros(40)), 10, np.array([25, 40]))
    for row, lag in enumerate(LAGS):
        expected = [lag_correlation(values[10:end], lag) for end in (25, 40)]
        assert shown.shares[row] == pytest.approx(expected)
    assert shown.counts.tolist() == [15, 30]


def test_too_few_values_and_equal_ones_show_nothing() -> None:
    values = np.concatenate([np.zeros(20), [1.0, 2.0]])
    shown = correlate(sum_up(values, np.zeros(22)), 0, np.array([0, VALUES_MIN - 1, 20]))
    assert not shown.shares.any()
    assert not shown.counts.any()


def test_what_nothing_shows_is_the_largest() -> None:
    assert pool([make_shown(0.0, 0.0)]).tolist() == [MAX_AUTOCORRELATION]


@pytest.mark.parametrize("coefficient", [0.0, 0.5])
def test_many_cells_show_the_coefficient_of_an_autoregression(coefficient: float) -> None:
    rng = np.random.default_rng(5)
    found = pool([show(drift(rng, 100, coefficient)) for _ in range(40)])[0]
    assert coefficient < found < coefficient + 0.12


def test_the_points_own_errors_do_not_hide_a_drift() -> None:
    rng = np.random.default_rng(6)
    rows = [drift(rng, 100, 0.6) + rng.normal(scale=0.7, size=100) for _ in range(40)]
    hidden, seen = (pool([show(row, own) for row in rows])[0] for own in (0.0, 0.49))
    assert hidden < 0.55
    assert 0.58 < seen < 0.75


def test_a_drift_of_weeks_behind_scatter_from_night_to_night_is_seen_at_longer_lags() -> None:
    rng = np.random.default_rng(7)
    rows = [drift(rng, 200, 0.9) + rng.normal(size=200) for _ in range(40)]
    assert float(np.mean([lag_correlation(row, 1) for row in rows])) < 0.5
    assert 0.6 < pool([show(row) for row in rows])[0] < 0.9


def test_few_values_leave_room_for_more_correlation_than_they_show() -> None:
    assert pool([make_shown(0.0, 16.0)])[0] == pytest.approx(1 / 16 + 1 / 4)
    assert pool([make_shown(0.0, 400.0)])[0] == pytest.approx(1 / 400 + 1 / 20)


def test_a_cell_that_drifts_more_than_the_others_has_its_own_coefficient() -> None:
    pooled = np.array([0.1])
    assert allow_for_cell(pooled, make_shown(0.5, 100.0))[0] == pytest.approx(0.5 + 3 / 100)
    assert allow_for_cell(pooled, make_shown(0.5, 0.0))[0] == 0.1
    assert allow_for_cell(pooled, make_shown(0.05, 100.0))[0] == 0.1
