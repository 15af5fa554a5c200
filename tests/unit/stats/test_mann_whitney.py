from itertools import combinations
from math import comb

import pytest

from bench.stats.mann_whitney import find_critical, walk_distributions


def enumerate_u(later: int, earlier: int) -> list[float]:
    """Probabilities of U, by all ways to choose the ranks of the later values."""
    counts = [0] * (later * earlier + 1)
    for ranks in combinations(range(1, later + earlier + 1), later):
        counts[sum(ranks) - later * (later + 1) // 2] += 1
    return [count / comb(later + earlier, later) for count in counts]


def test_distributions_are_those_of_all_ways_to_rank() -> None:
    seen = {(later, earlier): list(row) for later, earlier, row in walk_distributions(4, 6)}
    assert seen.keys() == {(later, earlier) for later in range(1, 5) for earlier in range(1, 7)}
    for (later, earlier), row in seen.items():
        assert row == pytest.approx(enumerate_u(later, earlier), rel=1e-12)


def test_the_smallest_probability_has_all_its_digits() -> None:
    *_, (later, earlier, row) = walk_distributions(30, 100)
    assert (later, earlier) == (30, 100)
    assert row[-1] == pytest.approx(1 / comb(130, 30), rel=1e-10)
    assert row[0] == pytest.approx(row[-1], rel=1e-10)


def test_critical_values_keep_the_tail() -> None:
    row = enumerate_u(4, 6)
    distribution = next(found for later, earlier, found in walk_distributions(4, 6) if (later, earlier) == (4, 6))
    least = find_critical(distribution, 0.05)
    assert least is not None
    assert sum(row[least:]) <= 0.05 < sum(row[least - 1 :])


def test_no_rank_sum_suffices_where_even_the_largest_is_too_frequent() -> None:
    distribution = next(found for _, _, found in walk_distributions(1, 1))
    assert find_critical(distribution, 0.4) is None
