import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from bench.stats.change_search import SPLITS, WINDOW, find_splits, gather, make_critical, rank_sums

TAIL = 6e-6


def search(values: list[float], tail: float = TAIL) -> int:
    """How many values are after the clearest split; 0 for none."""
    counts = np.array([min(len(values), WINDOW)])
    window, _ = gather(np.array(values), np.array([len(values) - 1]), counts)
    return int(find_splits(rank_sums(window, counts), counts, make_critical(tail))[0])


def test_windows_end_with_the_newest_value_and_are_filled_up_in_front() -> None:
    newest, before = gather(np.arange(10.0), np.array([4, 9]), np.array([2, 3]))
    assert newest.shape == before.shape == (2, WINDOW)
    assert newest[:, -4:].tolist() == [[np.inf, np.inf, 3, 4], [np.inf, 7, 8, 9]]
    assert before[:, -4:].tolist() == [[np.inf, np.inf, 2, 3], [np.inf, 6, 7, 8]]
    assert np.isinf(newest[:, :-3]).all()


def test_a_long_series_fills_the_window_with_its_newest_values() -> None:
    newest, before = gather(np.arange(500.0), np.array([450]), np.array([WINDOW]))
    assert newest[0].tolist() == list(range(451 - WINDOW, 451))
    assert before[0].tolist() == list(range(450 - WINDOW, 450))


def test_rank_sums_are_those_of_mann_and_whitney() -> None:
    values = np.random.default_rng(1).normal(size=(3, 40))
    counts = np.array([40, 30, 7])
    window, _ = gather(values.ravel(), np.array([39, 79, 119]), counts)
    sums = rank_sums(window, counts)
    for row, count in enumerate(counts):
        own = values[row, 40 - count :]
        for place, after in enumerate(SPLITS):
            if after < count:
                expected = mannwhitneyu(own[-after:], own[:-after]).statistic
                assert sums[row, place] == pytest.approx(expected)
            else:
                assert sums[row, place] == after * (count - after) / 2


def test_equal_values_share_their_rank() -> None:
    counts = np.array([30])
    window, _ = gather(np.full(30, 1.0), np.array([29]), counts)
    sums = rank_sums(window, counts)
    assert sums[0, SPLITS.index(5)] == 5 * 25 / 2
    assert search([1.0] * 60) == 0


@pytest.mark.parametrize(("before", "needed"), [(20, 6), (30, 5), (60, 4), (150, 3)])
def test_a_clear_change_takes_fewer_runs_the_longer_the_history_is(before: int, needed: int) -> None:
    values = list(np.random.default_rng(2).normal(size=before)) + list(
        50 + np.random.default_rng(3).normal(size=needed)
    )
    assert search(values[:-1]) == 0
    assert search(values) == needed
    assert search([-value for value in values]) == needed


def test_few_runs_show_nothing_however_large_the_change() -> None:
    assert search([1.0, 2.0, 3.0, 4.0, 5.0, 101.0, 102.0, 103.0, 104.0, 105.0]) == 0


def test_critical_values_of_a_split_have_its_own_tail() -> None:
    critical = make_critical(1e-3, 40)
    assert critical.shape == (41, len(SPLITS))
    assert np.isinf(critical[:3]).all()
    values = np.random.default_rng(4).random((200_000, 24))
    counts = np.full(len(values), 24)
    sums = rank_sums(values, counts)
    place = SPLITS.index(8)
    assert (sums[:, place] >= critical[24, place]).mean() == pytest.approx(1e-3, rel=0.35)


def test_a_split_asked_for_alone_has_the_critical_values_that_it_has_among_all() -> None:
    alone = make_critical(1e-3, 40, splits=(8,))
    assert (alone[:, 0] == make_critical(1e-3, 40)[:, SPLITS.index(8)]).all()
    assert np.isfinite(alone).any()
