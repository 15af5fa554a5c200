from math import exp, inf, log, sqrt
from statistics import variance

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.stats.run_scatter import (
    POOLED_DEGREES_OF_FREEDOM,
    PRIOR_SCATTER_RATIO,
    CellMean,
    LearnedRuns,
    LearnedScatter,
    RunMeans,
    average_repetitions,
    combine_with_prior,
    learn_run_scatter,
)
from bench.stats.variance import PRIOR_DEGREES_OF_FREEDOM


def make_group(*offsets: float, cells: int = 1, explained: float = 0.0) -> list[RunMeans]:
    """Runs whose cells are all shifted together."""
    return [{cell: CellMean(log(0.1) + offset, explained) for cell in range(cells)} for offset in offsets]


def draw_group(runs: int, cells: int, *, scatter: float, seed: int = 1) -> list[RunMeans]:
    """Runs whose cells are shifted each by itself."""
    offsets = np.random.default_rng(seed).normal(0, scatter, (runs, cells))
    return [{cell: CellMean(float(offset), 0.0) for cell, offset in enumerate(run)} for run in offsets]


def test_a_host_without_history_is_assumed_to_scatter_by_a_percent_and_a_half_with_four_degrees_of_freedom() -> None:
    prior = combine_with_prior([])
    assert (sqrt(prior.value), prior.degrees_of_freedom) == pytest.approx((0.015, 4.0))
    assert (PRIOR_SCATTER_RATIO, PRIOR_DEGREES_OF_FREEDOM) == (0.015, 4.0)


def test_what_runs_show_and_the_prior_are_averaged_by_degrees_of_freedom() -> None:
    learned = LearnedScatter(variance=0.005**2, explained=0.0, degrees_of_freedom=6.0)
    combined = combine_with_prior([learned])
    assert combined.value == pytest.approx((4 * 0.015**2 + 6 * 0.005**2) / 10)
    assert combined.degrees_of_freedom == pytest.approx(10.0)


def test_a_host_that_scatters_more_than_the_prior_is_believed_too() -> None:
    learned = LearnedScatter(variance=0.05**2, explained=0.0, degrees_of_freedom=100.0)
    assert sqrt(combine_with_prior([learned]).value) == pytest.approx(0.05, rel=0.03)


def test_runs_whose_repetitions_explain_all_show_little_of_what_is_between_them() -> None:
    clear = LearnedScatter(variance=0.01**2, explained=0.0, degrees_of_freedom=6.0)
    clouded = clear._replace(explained=0.01**2)
    assert combine_with_prior([clouded]).value == combine_with_prior([clear]).value
    assert combine_with_prior([clouded]).degrees_of_freedom < combine_with_prior([clear]).degrees_of_freedom


@given(
    st.lists(
        st.builds(LearnedScatter, st.floats(0, 0.1), st.floats(0, 0.1), st.floats(0.1, 50)),
        max_size=4,
    )
)
def test_the_scatter_that_is_allowed_for_always_has_a_degree_of_freedom(learned: list[LearnedScatter]) -> None:
    combined = combine_with_prior(learned)
    assert combined.value > 0
    assert 1 <= combined.degrees_of_freedom < inf


def test_repetitions_have_the_mean_of_their_logarithms_and_its_variance() -> None:
    values = (0.1, 0.102, 0.098, 0.101, 0.099)
    mean = average_repetitions(values)
    assert exp(mean.mean) == pytest.approx(float(np.exp(np.mean(np.log(values)))))
    assert mean.variance == pytest.approx(np.var(np.log(values), ddof=1) / 5)


def test_one_cell_shows_the_variance_of_its_runs_means() -> None:
    offsets = (0.0, 0.02, -0.01, 0.005)
    learned = learn_run_scatter([make_group(*offsets)])
    assert learned.by_cell[0] == pytest.approx((variance(offsets), 0.0, 3.0))


def test_what_repetitions_explain_is_taken_off_and_never_more_than_there_is() -> None:
    offsets = (0.0, 0.02, -0.01, 0.005)
    part, whole = (learn_run_scatter([make_group(*offsets, explained=value)]).by_cell[0] for value in (1e-5, 1.0))
    assert part == pytest.approx((variance(offsets) - 1e-5, 1e-5, 3.0))
    assert whole == pytest.approx((0.0, 1.0, 3.0))


def test_groups_are_compared_about_their_own_means() -> None:
    learned = learn_run_scatter([make_group(0.0, 0.02), make_group(1.0, 1.02)])
    assert learned.by_cell[0] == pytest.approx((0.02**2 / 2, 0.0, 2.0))


@pytest.mark.parametrize("groups", [[], [make_group(0.0)], [make_group(0.0), make_group(0.5)]])
def test_a_run_alone_shows_nothing(groups: list[list[RunMeans]]) -> None:
    learned = learn_run_scatter(groups)
    assert learned == LearnedRuns({}, None)
    assert learned.find(0) == ()


def test_runs_without_a_cell_in_common_show_nothing() -> None:
    assert learn_run_scatter([[{"a": CellMean(0.0, 0.0)}, {"b": CellMean(1.0, 0.0)}]]).pooled is None


def test_cells_that_are_shifted_together_count_as_one() -> None:
    runs = make_group(0.0, 0.02, -0.01, 0.005, cells=14)
    pooled = learn_run_scatter([runs]).pooled
    assert pooled is not None
    assert pooled.variance == pytest.approx(variance((0.0, 0.02, -0.01, 0.005)))
    assert pooled.degrees_of_freedom == pytest.approx(3.0)


def test_cells_that_are_shifted_each_by_itself_count_for_more() -> None:
    pooled = learn_run_scatter([draw_group(16, 14, scatter=0.01)]).pooled
    assert pooled is not None
    assert sqrt(pooled.variance) == pytest.approx(0.01, rel=0.1)
    assert 3 * 15 < pooled.degrees_of_freedom < 14 * 15


def test_correlated_cells_count_by_the_square_of_their_correlation_raised_by_its_error() -> None:
    still = [0.0] * 13
    offsets = zip([0.01, -0.01, 0.0, *still], [0.01, 0.0, -0.01, *still], strict=True)  # correlated by 1/2
    pooled = learn_run_scatter([[{"x": CellMean(x, 0.0), "y": CellMean(y, 0.0)} for x, y in offsets]]).pooled
    assert pooled is not None
    assert pooled.degrees_of_freedom == pytest.approx(2 * 15 / (1 + (0.5 + 1 / sqrt(16)) ** 2))


def test_few_runs_cannot_show_that_cells_are_independent() -> None:
    few, many = (learn_run_scatter([draw_group(runs, 14, scatter=0.01)]).pooled for runs in (3, 30))
    assert few is not None
    assert many is not None
    assert few.degrees_of_freedom / 2 < many.degrees_of_freedom / 29


def test_a_cell_that_some_runs_lack_is_compared_in_those_that_have_it() -> None:
    full, short = make_group(0.0, 0.02, 0.01, cells=2), {0: CellMean(log(0.1) - 0.03, 0.0)}
    learned = learn_run_scatter([[*full, short]])
    assert {cell: found.degrees_of_freedom for cell, found in learned.by_cell.items()} == {0: 3.0, 1: 2.0}


def test_runs_that_agree_to_the_last_digit_are_allowed_for_by_the_prior() -> None:
    learned = learn_run_scatter([make_group(0.0, 0.0, 0.0, cells=3)])
    combined = combine_with_prior(learned.find(0))
    assert learned.pooled is not None
    assert learned.pooled.variance == 0.0
    assert 0 < sqrt(combined.value) < PRIOR_SCATTER_RATIO


def test_a_cell_is_judged_by_itself_and_by_all_cells_whose_weight_is_bounded() -> None:
    learned = learn_run_scatter([draw_group(16, 14, scatter=0.01)])
    own, pooled = learned.find(3)
    assert own == learned.by_cell[3]
    assert learned.pooled is not None
    assert pooled.variance == learned.pooled.variance
    assert pooled.degrees_of_freedom == POOLED_DEGREES_OF_FREEDOM


def test_a_cell_that_no_run_has_is_judged_by_the_others() -> None:
    learned = learn_run_scatter([make_group(0.0, 0.02, -0.01, cells=2)])
    (pooled,) = learned.find("another")
    assert learned.pooled is not None
    assert pooled.variance == learned.pooled.variance


def test_the_only_cell_counts_once() -> None:
    learned = learn_run_scatter([make_group(0.0, 0.02, -0.01)])
    assert learned.find(0) == (learned.by_cell[0],)
