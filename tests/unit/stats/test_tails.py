import numpy as np
import pytest
from scipy.stats import t

from bench.stats.tails import HEAVIEST, NORMAL_SPREAD, NORMAL_TAIL, Scatter, estimate_tail

CHANCE = 0.002
RNG = np.random.default_rng(20)


def spreads(values: np.ndarray) -> np.ndarray:
    """Distances in spreads: half of the quartiles' distances from the median."""
    distances = np.abs(values - np.median(values))
    return distances / np.quantile(distances, 0.75)


@pytest.mark.parametrize("degrees_of_freedom", [2.0, 5.0, 30.0])
def test_an_estimated_standard_deviation_of_normal_values_gives_student_s_tail(degrees_of_freedom: float) -> None:
    """The spread of normal values is 1.15 standard deviations, so that this case has a known answer."""
    found = Scatter(NORMAL_TAIL, degrees_of_freedom).exceedance(np.array([3.0]))[0]
    assert found == pytest.approx(t.sf(3.0 * NORMAL_SPREAD, degrees_of_freedom), rel=0.01)


def test_no_spread_is_taken_for_known() -> None:
    far = np.array([4.0])
    assert Scatter(NORMAL_TAIL, 1e5).exceedance(far) == Scatter(NORMAL_TAIL, 200.0).exceedance(far)


@pytest.mark.parametrize("chance", [0.4, 0.01, 1e-6])
@pytest.mark.parametrize("tail", [HEAVIEST, 20.0, NORMAL_TAIL])
@pytest.mark.parametrize("degrees_of_freedom", [5.0, 40.0])
def test_a_distance_is_exceeded_with_its_chance(chance: float, tail: float, degrees_of_freedom: float) -> None:
    scatter = Scatter(tail, degrees_of_freedom)
    distance = scatter.find_distance(chance)
    assert scatter.exceedance(np.array([distance]))[0] == pytest.approx(chance, rel=0.03)


def test_heavier_tails_and_worse_estimates_reach_farther() -> None:
    usual = Scatter(NORMAL_TAIL, 40.0).find_distance(1e-5)
    assert Scatter(HEAVIEST, 40.0).find_distance(1e-5) > 2 * usual
    assert Scatter(NORMAL_TAIL, 8.0).find_distance(1e-5) > 1.3 * usual


def test_a_distance_that_no_machine_has_is_not_looked_for() -> None:
    assert Scatter(HEAVIEST, 0.4).find_distance(1e-8) > 1e6


def test_few_values_show_no_light_tails() -> None:
    assert estimate_tail([spreads(RNG.standard_normal(40))], 1.0, CHANCE) == HEAVIEST


def test_many_normal_values_show_light_tails() -> None:
    cells = [spreads(RNG.standard_normal(1000)) for _ in range(14)]
    assert estimate_tail(cells, 1.0, CHANCE) >= 20
    assert estimate_tail(cells, 14.0, CHANCE) < estimate_tail(cells, 1.0, CHANCE)


def test_many_heavy_values_show_none() -> None:
    assert estimate_tail([spreads(RNG.standard_t(5, 20_000))], 1.0, CHANCE) == HEAVIEST


def test_odd_machines_are_no_tails() -> None:
    values = RNG.standard_normal(5000)
    values[:50] += 30
    assert estimate_tail([spreads(values)], 1.0, CHANCE) >= 20


def test_a_smaller_chance_of_error_rules_out_less() -> None:
    cells = [spreads(RNG.standard_normal(60)) for _ in range(14)]
    assert estimate_tail(cells, 1.0, 1e-6) < estimate_tail(cells, 1.0, 0.2)
