from math import exp, hypot, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.errors import TooNoisyError
from bench.records.summary import Interval
from bench.stats.interval import divide_intervals, mean_interval, widen_to_range
from bench.stats.method import METHODS, Method

FIVE = (0.100, 0.103, 0.098, 0.101, 0.099)


def test_five_repetitions_have_students_interval_of_their_logarithms() -> None:
    found = mean_interval(FIVE, confidence=0.95)
    expected = stats.ttest_1samp(np.log(FIVE), 0).confidence_interval(0.95)
    assert (log(found.low), log(found.high)) == pytest.approx(tuple(expected))
    assert found.point == pytest.approx(float(stats.gmean(FIVE)))


def test_repetitions_that_are_like_those_before_them_widen_the_interval() -> None:
    rising = [0.1 + 0.001 * place for place in range(12)]
    shuffled = [rising[(5 * place) % 12] for place in range(12)]
    slow, quick = (mean_interval(values, confidence=0.95).half_width_ratio for values in (rising, shuffled))
    assert slow > 3 * quick


def test_correlated_repetitions_leave_an_interval_of_use() -> None:
    drifting = [1.34, 1.29, 1.21, 1.12, 1.09, 1.04, 1.02, 1.00]
    wide, narrow = (
        mean_interval(drifting, confidence=0.95, method=METHODS[name]) for name in ("student/1", "student/2")
    )
    assert wide.half_width_ratio > 1
    assert narrow.half_width_ratio < 0.5
    assert narrow.low < min(drifting)
    assert narrow.high > max(drifting)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_independent_repetitions_have_the_same_interval_by_each_method(method: Method) -> None:
    assert mean_interval(FIVE, confidence=0.95, method=method) == mean_interval(FIVE, confidence=0.95)


def test_the_interval_covers_as_often_as_stated() -> None:
    rng = np.random.default_rng(7)
    runs = np.exp(rng.normal(0, 0.02, (1000, 5)))
    hit = [found.low <= 1 <= found.high for found in (mean_interval(run.tolist(), confidence=0.95) for run in runs)]
    assert sum(hit) / len(hit) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("values", [(), (0.0, 1.0), (1.0, float("inf")), (1e-300, 1e300, 1e-300, 1e300, 1e-300)])
def test_what_has_no_finite_interval_is_too_noisy(values: tuple[float, ...]) -> None:
    with pytest.raises(TooNoisyError):
        mean_interval(values, confidence=0.95)


@given(st.lists(st.floats(1e-6, 10), min_size=1, max_size=12))
def test_the_interval_holds_its_point(values: list[float]) -> None:
    found = mean_interval(values, confidence=0.95)
    assert found.low <= found.point <= found.high
    wide = widen_to_range(found, values)
    assert wide.low <= min(values)
    assert wide.high >= max(values)


def test_a_quotient_is_as_sure_as_its_two_intervals() -> None:
    base, new = (
        Interval(point=value, low=value / spread, high=value * spread) for value, spread in ((6.0, 1.3), (2.0, 1.4))
    )
    quotient = divide_intervals(base, new)
    spread = exp(hypot(log(1.3), log(1.4)))
    assert quotient.point == pytest.approx(3.0)
    assert (quotient.low, quotient.high) == (pytest.approx(3.0 / spread), pytest.approx(3.0 * spread))


def test_a_quotient_holds_the_truth_as_often_as_it_says() -> None:
    draw = np.random.default_rng(1)
    held = 0
    for _ in range(1000):
        base, new = (
            mean_interval(np.exp(draw.normal(middle, 0.1, 5)).tolist(), confidence=0.95) for middle in (1.0, 0.0)
        )
        quotient = divide_intervals(base, new)
        held += quotient.low <= exp(1.0) <= quotient.high
    assert held >= 950
