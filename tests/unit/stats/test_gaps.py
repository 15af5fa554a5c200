import numpy as np
import pytest

from bench.stats.gaps import find_gaps, find_gaps_beyond
from bench.stats.leave_one_out import SPREAD_EFFICIENCY, find_centre, find_centres
from bench.stats.tails import NORMAL_TAIL, Scatter

SCATTER = Scatter(NORMAL_TAIL, 1e5)
GOOD = np.linspace(-1.2, 1.2, 21)


def p_values(values: np.ndarray, scatter: Scatter = SCATTER) -> list[float]:
    centre = find_centres(values)
    found: list[float] = find_gaps(values, centre, centre.spread, scatter, level=0.01).p_values.tolist()
    return found


def test_a_value_next_to_others_is_not_odd() -> None:
    assert min(p_values(GOOD)) > 0.5


def test_a_value_far_from_others_is_odd_and_they_are_not() -> None:
    found = p_values(np.append(GOOD, 8.0))
    assert found[-1] < 1e-6
    assert min(found[:-1]) > 0.1


def test_odd_values_do_not_hide_one_another() -> None:
    found = p_values(np.append(GOOD, [8.0, 8.1, 8.2]))
    assert max(found[-3:]) < 1e-6
    assert min(found[:-3]) > 0.1


def test_odd_values_do_not_make_a_good_one_odd() -> None:
    """A value that is on the edge by itself is no nearer to it where others are odd indeed."""
    edge = np.append(GOOD, 2.6)
    (alone,), beside = p_values(edge)[-1:], p_values(np.append(edge, [8.0, 9.0]))
    assert beside[21] >= alone > 0.01
    assert max(beside[22:]) < 1e-4


def test_more_than_a_quarter_cannot_be_odd() -> None:
    assert min(p_values(np.append(GOOD, [8.0] * 12))) > 0.01


def test_the_lower_side_is_not_looked_at() -> None:
    assert min(p_values(np.append(GOOD, -8.0))) > 0.1


def test_what_is_needed_is_where_a_value_becomes_odd() -> None:
    values = np.append(GOOD, 1.3)
    centre = find_centres(values)
    needed = find_gaps(values, centre, centre.spread, SCATTER, level=0.01).needed[-1]
    limit = centre.median[-1] + needed * centre.spread[-1]
    assert p_values(np.append(GOOD, limit * 1.01))[-1] <= 0.01 < p_values(np.append(GOOD, limit * 0.99))[-1]


def test_a_noisy_value_must_lie_farther_out() -> None:
    values = np.append(GOOD, 4.0)
    centre = find_centres(values)
    noisy = centre.spread * np.where(values == 4.0, 3.0, 1.0)
    found = find_gaps(values, centre, noisy, SCATTER, level=0.01)
    assert found.p_values[-1] > p_values(values)[-1]


@pytest.mark.parametrize("seed", range(3))
def test_good_values_are_odd_as_often_as_stated(seed: int) -> None:
    rng = np.random.default_rng(seed)
    estimated = Scatter(NORMAL_TAIL, SPREAD_EFFICIENCY * 28)
    flagged = sum(min(p_values(rng.standard_normal(30), estimated)) <= 0.1 for _ in range(400))
    assert 0.02 < flagged / 400 < 0.12


def test_values_are_compared_with_references_alone() -> None:
    values = np.array([8.0, 8.1, 0.0])
    centre = find_centre(GOOD, len(values))
    found = find_gaps_beyond(values, GOOD, centre, centre.spread, SCATTER, level=0.01)
    assert found.p_values[0] < 1e-6
    assert found.p_values[1] < 1e-6
    assert found.p_values[2] == 1.0


@pytest.mark.parametrize("judged", [1, 10])
def test_good_values_beside_references_are_odd_as_often_as_stated(judged: int) -> None:
    rng = np.random.default_rng(judged)
    flagged = 0
    for _ in range(400):
        references, values = rng.standard_normal(60), rng.standard_normal(judged)
        centre = find_centre(references, judged)
        found = find_gaps_beyond(values, references, centre, centre.spread, Scatter(NORMAL_TAIL, 30.0), level=0.1)
        flagged += bool(found.p_values.min() <= 0.1)
    assert flagged / 400 < 0.14
