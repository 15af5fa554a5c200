import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.summary import Interval
from bench.stats.tolerance import NoLimitError, geometric_interval, ratio_interval, tolerance_factor, tolerance_limit

PUBLISHED = [
    # Natrella, Experimental Statistics (NBS Handbook 91, 1963), table A-7: confidence, coverage, count, factor
    (0.90, 0.90, 10, 2.066),
    (0.95, 0.90, 3, 6.155),
    (0.95, 0.95, 3, 7.656),
    (0.95, 0.95, 10, 2.911),
    (0.95, 0.95, 20, 2.396),
    (0.95, 0.99, 3, 10.553),
    (0.95, 0.99, 5, 5.741),
    (0.95, 0.99, 10, 3.981),
    (0.95, 0.99, 20, 3.295),
    (0.99, 0.95, 10, 3.738),
    (0.99, 0.99, 5, 8.939),
    # NIST/SEMATECH e-Handbook of Statistical Methods, section 7.2.6.3, by the noncentral t distribution
    (0.99, 0.90, 43, 1.8740),
]

values = st.lists(st.floats(0.009, 0.011), min_size=3, max_size=12, unique=True).filter(
    lambda found: max(found) / min(found) > 1.0001
)


@pytest.mark.parametrize(("confidence", "coverage", "count", "factor"), PUBLISHED)
def test_factors_are_those_of_published_tables(confidence: float, coverage: float, count: int, factor: float) -> None:
    assert tolerance_factor(count, coverage=coverage, confidence=confidence) == pytest.approx(factor, abs=6e-4)


@given(st.integers(3, 60), st.floats(0.5, 0.99), st.floats(0.5, 0.99))
def test_more_coverage_more_confidence_and_fewer_values_reach_further(
    count: int, coverage: float, confidence: float
) -> None:
    factor = tolerance_factor(count, coverage=coverage, confidence=confidence)
    assert factor < tolerance_factor(count, coverage=coverage + 0.005, confidence=confidence)
    assert factor < tolerance_factor(count, coverage=coverage, confidence=confidence + 0.005)
    if confidence > 0.55:
        assert factor > tolerance_factor(count + 1, coverage=coverage, confidence=confidence)


@given(values, st.floats(1e-3, 1e3))
def test_neither_the_unit_of_values_matters_nor_whether_they_are_times_or_rates(
    found: list[float], scale: float
) -> None:
    try:
        upper = tolerance_limit(found, coverage=0.9, confidence=0.9, side="upper")
    except NoLimitError:
        return
    scaled = tolerance_limit([scale * value for value in found], coverage=0.9, confidence=0.9, side="upper")
    lower = tolerance_limit([1 / value for value in found], coverage=0.9, confidence=0.9, side="lower")
    assert scaled == pytest.approx(scale * upper)
    assert lower == pytest.approx(1 / upper)
    assert upper > math.exp(sum(map(math.log, found)) / len(found))


def test_limits_cover_the_stated_share_as_often_as_stated() -> None:
    """Drawn from a known distribution: 90% of limits must cover 95% of it. 2000 draws scatter by 0.7%."""
    draw = random.Random(20231016)  # noqa: S311 - a simulation
    true_limit = 1.6449 * 0.03
    covering = sum(
        math.log(
            tolerance_limit(
                [math.exp(draw.gauss(0, 0.03)) for _ in range(6)], coverage=0.95, confidence=0.9, side="upper"
            )
        )
        > true_limit
        for _ in range(2000)
    )
    assert covering / 2000 == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([0.01], "too_few_references"),
        ([0.01, 0.01, 0.01], "equal_references"),
        ([1e-9, 1.0, 1e9], "scattered_references"),
        ([0.01, 0.03, 0.02], "scattered_references"),
    ],
    ids=["one alone", "all equal", "scattered beyond any float", "scattered beyond use"],
)
def test_values_that_give_no_limit_are_refused(found: list[float], code: str) -> None:
    with pytest.raises(NoLimitError) as caught:
        tolerance_limit(found, coverage=0.99, confidence=0.99, side="upper")
    assert caught.value.reason.code == code


def test_a_ratio_is_as_wide_as_both_its_sides_together() -> None:
    exact = Interval(point=2.0, low=2.0, high=2.0)
    wide = Interval(point=1.0, low=0.9, high=1.1)
    assert ratio_interval(exact, exact) == Interval(point=1.0, low=1.0, high=1.0)
    one = ratio_interval(exact, wide)
    assert (one.point, one.low, one.high) == pytest.approx((2.0, 2 / 1.1, 2 / 0.9))
    both = ratio_interval(wide, wide)
    assert both.low < 0.9
    assert both.high > 1.1


def test_an_interval_down_to_nothing_allows_any_ratio() -> None:
    with pytest.raises(NoLimitError, match="unbounded_ratio"):
        ratio_interval(Interval(point=1.0, low=0.0, high=2.0), Interval(point=1.0, low=0.9, high=1.1))


def test_a_geometric_mean_has_students_interval() -> None:
    """Logarithms 0, 1 and 2: mean 1, standard error 1/√3, t of 2 degrees 4.302653 (any table of Student's t)."""
    interval = geometric_interval([1.0, math.e, math.e**2], confidence=0.95)
    reach = 4.302653 / math.sqrt(3)
    assert interval.point == pytest.approx(math.e)
    assert (math.log(interval.low), math.log(interval.high)) == pytest.approx((1 - reach, 1 + reach), rel=1e-6)
