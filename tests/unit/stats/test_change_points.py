import numpy as np
import pytest

from bench.stats.change_points import BLOCK_LOOKS, Change, Series, find_changes

TAIL = 6e-6
OWN = 1e-6


def make_series(*rows: np.ndarray, own: float = OWN) -> list[Series]:
    return [Series(np.arange(len(row)), row, np.full(len(row), own)) for row in rows]


def noise(seed: int, count: int, cells: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=0.01, size=(cells, count))


def step(values: np.ndarray, at: int, size: float) -> np.ndarray:
    return values + np.where(np.arange(len(values)) >= at, np.log1p(size), 0)


def test_a_change_is_found_at_its_place_a_few_runs_later() -> None:
    rows = noise(1, 60)
    rows[2] = step(rows[2], 40, 0.10)
    assert find_changes(make_series(*rows), TAIL).changes == (Change(series=2, first=40, found=44),)


def test_a_change_to_faster_and_a_second_change_are_found() -> None:
    rows = noise(2, 120)
    rows[0] = step(step(rows[0], 40, 0.10), 80, -0.10)
    changes = find_changes(make_series(*rows), TAIL).changes
    assert [(change.series, change.first) for change in changes] == [(0, 40), (0, 80)]


def test_runs_that_are_far_out_do_not_move_the_place_of_a_change() -> None:
    rows = noise(6, 60)
    rows[1] = step(rows[1], 30, 0.08)
    rows[1, [12, 13]] += 0.5
    (change,) = find_changes(make_series(*rows), TAIL).changes
    assert (change.series, change.first) == (1, 30)


def test_flat_series_show_none() -> None:
    assert find_changes(make_series(*noise(3, 200)), TAIL).changes == ()


def test_values_that_never_differ_show_none() -> None:
    assert find_changes(make_series(np.zeros(80)), TAIL).changes == ()
    assert find_changes(make_series(np.zeros(80), own=0.0), TAIL).changes == ()


def test_two_slow_runs_in_a_row_on_a_host_of_two_speeds_show_none() -> None:
    rng = np.random.default_rng(4)
    rows = noise(4, 150) + 0.08 * (rng.random((4, 150)) < 0.25)
    assert find_changes(make_series(*rows), TAIL).changes == ()


def test_a_host_that_drifts_needs_a_clearer_change() -> None:
    steps = noise(5, 150)
    rows = np.zeros_like(steps)
    for run in range(1, 150):
        rows[:, run] = 0.6 * rows[:, run - 1] + steps[:, run]
    found = find_changes(make_series(*rows), TAIL)
    assert found.changes == ()
    assert all(0.5 < coefficient < 0.9 for coefficient in found.autocorrelations)


def test_what_is_found_with_the_first_runs_stays_when_more_are_there() -> None:
    rows = noise(6, 140)
    rows[1] = step(rows[1], 50, 0.06)
    rows[3] = step(step(rows[3], 30, 0.05), 100, 0.05)
    whole = find_changes(make_series(*rows), TAIL).changes
    assert len(whole) == 3
    for count in range(20, 140, 7):
        part = find_changes(make_series(*rows[:, :count]), TAIL).changes
        assert part == tuple(change for change in whole if change.found < count)


def test_histories_longer_than_a_block_are_searched_to_their_end() -> None:
    count = BLOCK_LOOKS + 500
    rows = noise(7, count, cells=1)
    rows[0] = step(rows[0], count - 20, 0.10)
    changes = find_changes(make_series(*rows), TAIL).changes
    assert [change.first for change in changes] == [count - 20]


def test_runs_that_lack_a_cell_leave_the_others_alone() -> None:
    rows = noise(8, 80, cells=2)
    kept = np.flatnonzero(np.arange(80) % 3 != 0)
    part = step(rows[1], 45, 0.10)[kept]
    series = [*make_series(rows[0]), Series(kept, part, np.full(len(kept), OWN))]
    changes = find_changes(series, TAIL).changes
    assert [(change.series, int(kept[change.first])) for change in changes] == [(1, 46)]


@pytest.mark.parametrize(("own", "shown"), [(0.0, True), (0.08**2, False)])
def test_runs_with_wide_intervals_count_for_less(own: float, shown: bool) -> None:
    """Five runs that are 5% slower among runs that scatter by 1%: they show a change, unless their own errors are 8%."""
    rows = noise(9, 45, cells=1)
    rows[0] = step(rows[0], 40, 0.05)
    variances = np.where(np.arange(45) >= 40, own, 0.0)
    changes = find_changes([Series(np.arange(45), rows[0], variances)], TAIL).changes
    assert bool(changes) is shown
