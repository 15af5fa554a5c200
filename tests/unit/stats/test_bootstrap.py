from math import exp, log

import numpy as np
import pytest

from bench.errors import TooNoisyError
from bench.stats.bootstrap import (
    Estimate,
    add,
    average_instances,
    confidence_interval,
    estimate_median,
    estimate_ratio,
    join_repetitions,
)


@pytest.mark.parametrize(("count", "tolerance"), [(5, 0.02), (51, 0.02), (6, 0.2), (52, 0.05), (200, 0.05)])
def test_a_medians_error_is_that_of_real_resamples(count: int, tolerance: float) -> None:
    """Exactly for an odd number of values; for an even one nearly."""
    values = np.random.default_rng(3).exponential(size=count)
    chosen = np.random.default_rng(4).integers(0, count, size=(40_000, count))
    real = np.log(np.median(values[chosen], axis=1))
    found = estimate_median(values)
    assert found.value == np.median(values)
    assert found.variance**0.5 == pytest.approx(real.std(), rel=tolerance)


def test_a_ratios_error_is_that_of_real_resamples() -> None:
    random = np.random.default_rng(3)
    elapsed = random.exponential(size=60) + 1
    iterations = np.full(60, 4.0)
    chosen = random.integers(0, 60, size=(20_000, 60))
    real = np.log(iterations[chosen].sum(axis=1) / elapsed[chosen].sum(axis=1))
    found = estimate_ratio(iterations, elapsed)
    assert found.value == pytest.approx(240 / elapsed.sum())
    assert found.variance**0.5 == pytest.approx(real.std(), rel=0.05)


def test_two_levels_are_those_of_real_resamples() -> None:
    """Repetitions are drawn, and then the samples of each that was drawn."""
    random = np.random.default_rng(5)
    groups = np.exp(random.normal(random.normal(0, 0.03, (4, 1)), 0.02, (4, 9)))
    chosen = random.integers(0, 4, (40_000, 4))
    samples = random.integers(0, 9, (40_000, 4, 9))
    real = np.log(np.median(groups[chosen[:, :, None], samples], axis=2)).mean(axis=1)
    found = join_repetitions([estimate_median(group) for group in groups])
    assert found.value == pytest.approx(np.median(groups, axis=1).mean())
    assert found.variance**0.5 == pytest.approx(real.std() * (4 / 3) ** 0.5, rel=0.02)


def test_equal_values_have_no_error() -> None:
    found = estimate_median(np.full(7, 3.0))
    assert (found.value, found.variance) == (3.0, 0.0)


def make_estimate(value: float, variance: float, moved: float = 0.0) -> Estimate:
    return Estimate(value=value, centre=log(value) + moved, variance=variance)


def test_the_errors_of_a_sums_parts_count_by_their_share() -> None:
    parts = [make_estimate(1.0, 0.04, 0.02), make_estimate(3.0, 0.01, -0.04)]
    total = add(parts)
    assert total == pytest.approx((4.0, log(4) + 0.02 / 4 - 0.04 * 3 / 4, (1 * 0.04 + 9 * 0.01) / 16))
    assert average_instances(parts) == pytest.approx((2.0, total.centre - log(2), total.variance))


def test_repetitions_that_differ_count_more_than_their_samples() -> None:
    joined = join_repetitions([make_estimate(1.0, 1e-6), make_estimate(1.2, 1e-6)])
    assert joined == pytest.approx((1.1, log(1.2) / 2, (log(1.2) / 2) ** 2 + 1e-6))


def test_one_repetition_has_the_interval_of_its_samples() -> None:
    one = make_estimate(2.0, 0.01)
    assert join_repetitions([one]) == one
    found = confidence_interval(one, confidence=0.95, repetitions=1)
    assert (found.low, found.high) == pytest.approx((2 * exp(-0.1959964), 2 * exp(0.1959964)))


def test_few_repetitions_have_students_interval() -> None:
    found = confidence_interval(make_estimate(1.0, 0.01), confidence=0.95, repetitions=3)
    assert (found.point, found.low, found.high) == pytest.approx((1.0, exp(-0.4302653), exp(0.4302653)))


@pytest.mark.parametrize(("repetitions", "most"), [(2, 1.0), (3, 0.99), (5, 0.98), (10, 0.98)])
def test_intervals_hold_the_truth_as_often_as_they_say(repetitions: int, most: float) -> None:
    """Of 1000 simulated cells whose repetitions scatter by 3%, and their samples by 1%."""
    random = np.random.default_rng(7)
    held = 0
    for _ in range(1000):
        groups = [np.exp(random.normal(random.normal(0, 0.03), 0.01, 9)) for _ in range(repetitions)]
        joined = join_repetitions([estimate_median(group) for group in groups])
        found = confidence_interval(joined, confidence=0.95, repetitions=repetitions)
        held += found.low <= 1.0 <= found.high
    assert 0.93 <= held / 1000 <= most


@pytest.mark.parametrize("value", [0.0, -0.5, np.inf, np.nan])
def test_times_that_cannot_be_are_refused(value: float) -> None:
    with pytest.raises(TooNoisyError, match="no finite statistic"):
        estimate_median(np.array([1.0, value, 1.0]))


@pytest.mark.parametrize(("numerators", "denominators"), [([], []), ([1.0], [0.0]), ([0.0], [1.0])])
def test_rates_that_cannot_be_are_refused(numerators: list[float], denominators: list[float]) -> None:
    with pytest.raises(TooNoisyError, match="no finite statistic"):
        estimate_ratio(np.array(numerators), np.array(denominators))


def test_an_interval_over_all_magnitudes_is_refused() -> None:
    with pytest.raises(TooNoisyError, match="no finite statistic"):
        confidence_interval(make_estimate(1.0, 1e4), confidence=0.95, repetitions=2)
