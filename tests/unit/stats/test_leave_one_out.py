import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.stats.leave_one_out import SPREAD_QUANTILE, find_centre, find_centres

VALUES = st.lists(st.sampled_from((-3.0, -1.0, 0.0, 0.5, 0.5001, 2.0, 40.0)), min_size=3, max_size=30)


@given(VALUES)
def test_each_value_is_compared_with_the_others_alone(values: list[float]) -> None:
    found = find_centres(np.array(values))
    for index in range(len(values)):
        others = np.array(values[:index] + values[index + 1 :])
        distances = np.sort(np.abs(others - np.median(others)))
        assert found.median[index] == np.median(others)
        assert found.spread[index] == distances[int(SPREAD_QUANTILE * len(others))]
    assert found.others == len(values) - 1


def test_a_value_that_lies_far_out_has_no_say_in_its_own_centre() -> None:
    near, far = (find_centres(np.array([1.0, 2.0, 3.0, 4.0, last])) for last in (5.0, 5000.0))
    assert (near.median[-1], near.spread[-1]) == (far.median[-1], far.spread[-1]) == (2.5, 1.5)


def test_references_are_the_same_centre_for_all() -> None:
    found = find_centre(np.array([1.0, 2.0, 9.0]), 2)
    assert found.median.tolist() == [2.0, 2.0]
    assert found.spread.tolist() == [7.0, 7.0]
    assert found.others == pytest.approx(3)
