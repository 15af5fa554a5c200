import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.stats.variance import (
    MAX_AUTOCORRELATION,
    PRIOR_DEGREES_OF_FREEDOM,
    SCATTER_FLOOR,
    effective_share,
    moderate,
    pool_variance,
)

VALUES = (0.0, 0.01, -0.02, 0.03, -0.01)


def test_one_group_has_the_ordinary_variance() -> None:
    pooled = pool_variance([VALUES])
    assert (pooled.value, pooled.degrees_of_freedom) == pytest.approx((np.var(VALUES, ddof=1), 4.0))


def test_groups_are_pooled_about_their_own_means() -> None:
    far = [1.0 + value for value in VALUES]
    pooled = pool_variance([VALUES, far, (7.0,)])
    assert (pooled.value, pooled.degrees_of_freedom) == pytest.approx((np.var(VALUES, ddof=1), 8.0))


def test_no_variance_is_below_the_floor() -> None:
    assert pool_variance([(1.0, 1.0)]).value == SCATTER_FLOOR**2


def test_a_small_variance_is_averaged_with_the_prior_by_degrees_of_freedom() -> None:
    assert moderate(1.0, 4.0, 3.0) == pytest.approx(2.0)
    assert moderate(1.0, 12.0, 3.0) == pytest.approx(1.5)
    assert PRIOR_DEGREES_OF_FREEDOM == 4.0


@given(value=st.floats(0, 1), degrees_of_freedom=st.floats(1, 100), prior=st.floats(0, 1))
def test_a_moderated_variance_is_never_below_the_datas_own(
    value: float, degrees_of_freedom: float, prior: float
) -> None:
    found = moderate(value, degrees_of_freedom, prior)
    assert value <= found <= max(value, prior) + 1e-9


def test_values_without_any_scatter_count_in_full() -> None:
    assert effective_share([(1.0,) * 8]) == 1.0


def test_alternating_values_count_in_full_and_no_more() -> None:
    assert effective_share([(0.0, 1.0) * 6]) == 1.0


def test_a_series_that_stays_counts_for_little_and_never_for_nothing() -> None:
    least = (1 - MAX_AUTOCORRELATION) / (1 + MAX_AUTOCORRELATION)
    assert effective_share([(0.0,) * 50 + (1.0,) * 50]) == pytest.approx(least)
    assert least < effective_share([(0.0,) * 5 + (1.0,) * 5]) < 0.5


@pytest.mark.parametrize("correlation", [0.3, 0.6])
def test_the_share_of_an_autoregression_is_that_of_its_theory(correlation: float) -> None:
    rng = np.random.default_rng(1)
    steps = rng.normal(0, 1, 5000)
    for at in range(1, len(steps)):
        steps[at] += correlation * steps[at - 1]
    expected = (1 - correlation) / (1 + correlation)
    assert effective_share([steps.tolist()]) == pytest.approx(expected, rel=0.15)


def test_runs_apart_are_no_autocorrelation() -> None:
    rng = np.random.default_rng(2)
    runs = [(offset + rng.normal(0, 0.01, 20)).tolist() for offset in (0.0, 1.0)]
    assert effective_share(runs) > 0.8
    assert effective_share([runs[0] + runs[1]]) < 0.1
