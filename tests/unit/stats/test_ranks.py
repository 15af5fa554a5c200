from itertools import product
from math import exp, inf

import numpy as np
import pytest
from scipy import stats

from bench.stats.ranks import PairRanks
from tests.benchmarks.hosts import HOSTS, interleave

Pairs = list[tuple[float, float]]


def draw(host: str, *, pairs: int, effect: float = 0.0, seed: int = 1) -> Pairs:
    """Seconds of base and of new, of one cell whose sides were interleaved on a synthetic host."""
    base, new = interleave(HOSTS[host], np.random.default_rng(seed), 1, pairs)
    return list(zip(base[0].tolist(), (new[0] * (1 + effect)).tolist(), strict=True))


@pytest.mark.parametrize("host", HOSTS)
def test_the_share_is_that_of_mann_and_whitney(host: str) -> None:
    pairs = draw(host, pairs=30, effect=0.02)
    base, new = zip(*pairs, strict=True)
    expected = stats.mannwhitneyu(new, base).statistic / 30**2
    assert PairRanks(pairs).slower_share == pytest.approx(expected)


def test_equal_values_count_half() -> None:
    assert PairRanks([(1.0, 1.0), (1.0, 2.0)]).slower_share == 0.75
    all_equal = PairRanks([(1.0, 1.0)] * 20)
    assert (all_equal.slower_share, all_equal.score, all_equal.p_value) == (0.5, 0.0, 1.0)


@pytest.mark.parametrize("host", HOSTS)
def test_p_values_count_all_ways_to_swap_the_sides_of_pairs(host: str) -> None:
    pairs = draw(host, pairs=12, effect=0.02, seed=2)
    ranks = stats.rankdata(pairs).reshape(12, 2)
    gaps = ranks[:, 1] - ranks[:, 0]
    swapped = np.array(list(product((-1, 1), repeat=12))) @ gaps
    assert PairRanks(pairs).p_value == pytest.approx(np.mean(np.abs(swapped) >= abs(gaps.sum())))
    assert PairRanks(pairs).score == pytest.approx(gaps.sum() / np.linalg.norm(gaps))


def test_ties_and_gaps_of_nothing_are_counted_too() -> None:
    pairs = [(1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (1.0, 3.0), (3.0, 2.0)]
    ranks = stats.rankdata([value for pair in pairs for value in pair]).reshape(5, 2)
    gaps = ranks[:, 1] - ranks[:, 0]
    swapped = np.array(list(product((-1, 1), repeat=5))) @ gaps
    assert PairRanks(pairs).p_value == pytest.approx(np.mean(np.abs(swapped) >= abs(gaps.sum())))


def test_two_speeds_hide_2_percent_from_means_and_not_from_ranks() -> None:
    pairs = draw("two speeds", pairs=60, effect=0.02)
    base, new = np.log(pairs).T
    ranks = PairRanks(pairs)
    assert stats.ttest_rel(new, base).pvalue > 0.005
    assert ranks.p_value < 0.0005
    assert ranks.slower_share == pytest.approx(0.75, abs=0.07)


def test_sides_that_change_places_change_the_sign() -> None:
    pairs = draw("normal", pairs=30, effect=0.03, seed=3)
    there, back = PairRanks(pairs), PairRanks([(new, base) for base, new in pairs])
    assert there.score == pytest.approx(-back.score)
    assert there.p_value == pytest.approx(back.p_value)
    assert there.slower_share + back.slower_share == pytest.approx(1.0)


@pytest.mark.parametrize(("host", "most"), [("normal", 0.03), ("two speeds", 0.01), ("heavy tails", 0.02)])
def test_what_would_be_shown_is_shown_when_it_is_there(host: str, most: float) -> None:
    ranks = PairRanks(draw(host, pairs=80))
    change = ranks.detectable_ratio(3.9)
    assert 0.003 < change < most
    centred = draw(host, pairs=80, effect=exp(ranks.find_shift(0.0)) - 1)
    slower = PairRanks([(base, new * (1 + change)) for base, new in centred])
    assert slower.score == pytest.approx(3.9, abs=0.1)


def test_no_change_reaches_a_score_beyond_the_largest_of_so_many_pairs() -> None:
    ranks = PairRanks(draw("normal", pairs=20))
    assert ranks.detectable_ratio(20**0.5 + 0.01) == inf
    assert ranks.detectable_ratio(0.0) == 0.0
