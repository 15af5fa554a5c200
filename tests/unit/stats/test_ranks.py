from itertools import product
from math import exp, inf

import numpy as np
import pytest
from scipy import stats

from bench.stats.ranks import PairRanks
from tests.benchmarks.hosts import HOSTS, Array, interleave


def measure(host: str, seed: int, pairs: int, effect: float) -> tuple[Array, Array]:
    """One cell, measured in turn on a synthetic host."""
    base, new = interleave(HOSTS[host], np.random.default_rng(seed), 1, pairs)
    return base[0], new[0] * (1 + effect)


def pair_up(sides: tuple[Array, Array]) -> list[tuple[float, float]]:
    return list(zip(*(side.tolist() for side in sides), strict=True))


def draw(host: str, effect: float = 0.0, *, pairs: int = 40, seed: int = 1) -> PairRanks:
    return PairRanks(pair_up(measure(host, seed, pairs, effect)))


@pytest.mark.parametrize("host", HOSTS)
def test_the_share_is_that_of_mann_and_whitney(host: str) -> None:
    base, new = measure(host, 1, 30, 0.02)
    expected = stats.mannwhitneyu(new, base).statistic / 30**2
    assert PairRanks(pair_up((base, new))).slower_share == pytest.approx(expected)


def test_equal_values_count_half() -> None:
    assert PairRanks([(1.0, 1.0), (1.0, 2.0)]).slower_share == 0.75
    all_equal = PairRanks([(1.0, 1.0)] * 20)
    assert (all_equal.slower_share, all_equal.score, all_equal.p_value) == (0.5, 0.0, 1.0)


@pytest.mark.parametrize("host", HOSTS)
def test_p_values_count_all_ways_to_swap_the_sides_of_pairs(host: str) -> None:
    base, new = measure(host, 2, 12, 0.02)
    ranks = stats.rankdata(np.concatenate([base, new])).reshape(2, 12)
    gaps = ranks[1] - ranks[0]
    swapped = np.array(list(product((-1, 1), repeat=12))) @ gaps
    assert PairRanks(pair_up((base, new))).p_value == pytest.approx(np.mean(np.abs(swapped) >= abs(gaps.sum())))
    assert PairRanks(pair_up((base, new))).score == pytest.approx(gaps.sum() / np.linalg.norm(gaps))


def test_ties_and_gaps_of_nothing_are_counted_too() -> None:
    pairs = [(1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (1.0, 3.0), (3.0, 2.0)]
    ranks = stats.rankdata([value for pair in pairs for value in pair]).reshape(5, 2)
    gaps = ranks[:, 1] - ranks[:, 0]
    swapped = np.array(list(product((-1, 1), repeat=5))) @ gaps
    assert PairRanks(pairs).p_value == pytest.approx(np.mean(np.abs(swapped) >= abs(gaps.sum())))


def test_two_speeds_hide_2_percent_from_means_and_not_from_ranks() -> None:
    base, new = measure("two speeds", 1, 60, 0.02)
    ranks = PairRanks(pair_up((base, new)))
    assert stats.ttest_rel(np.log(new), np.log(base)).pvalue > 0.005
    assert ranks.p_value < 0.0005
    assert ranks.slower_share == pytest.approx(0.75, abs=0.07)


def test_sides_that_change_places_change_the_sign() -> None:
    base, new = measure("normal", 3, 30, 0.03)
    there, back = PairRanks(pair_up((base, new))), PairRanks(pair_up((new, base)))
    assert there.score == pytest.approx(-back.score)
    assert there.p_value == pytest.approx(back.p_value)
    assert there.slower_share + back.slower_share == pytest.approx(1.0)


@pytest.mark.parametrize(("host", "most"), [("normal", 0.03), ("two speeds", 0.01), ("heavy tails", 0.02)])
def test_what_would_be_shown_is_shown_when_it_is_there(host: str, most: float) -> None:
    ranks = draw(host, pairs=80)
    change = ranks.detectable_ratio(3.9)
    assert 0.003 < change < most
    centred = measure(host, 1, 80, exp(ranks.find_shift(0.0)) - 1)
    slower = PairRanks([(base, new * (1 + change)) for base, new in pair_up(centred)])
    assert slower.score == pytest.approx(3.9, abs=0.1)


def test_no_change_brings_a_score_beyond_what_so_many_pairs_can_reach() -> None:
    ranks = draw("normal", pairs=20)
    assert ranks.detectable_ratio(20**0.5 + 0.01) == inf
    assert ranks.detectable_ratio(0.0) == 0.0
