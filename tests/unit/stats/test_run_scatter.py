from math import inf

import numpy as np
import pytest

from bench.stats.run_scatter import (
    BOUND_RATIO,
    POOLED_DEGREES_OF_FREEDOM,
    PRIOR_RATIO,
    LearnedScatter,
    RunMeans,
    allow_between_runs,
    average_repetitions,
    learn_run_scatter,
)

TAIL = 0.0025


def make_runs(
    count: int, *, between: float, cells: int = 1, within: float = 0.001, common: bool = False
) -> list[RunMeans]:
    rng = np.random.default_rng(count + cells)
    offsets = rng.normal(0, between, (count, 1 if common else cells)) + np.zeros(cells)
    return [
        {cell: average_repetitions(0.1 * np.exp(offset + rng.normal(0, within, 6))) for cell, offset in enumerate(run)}
        for run in offsets
    ]


def test_the_scatter_of_many_runs_is_found() -> None:
    learned = learn_run_scatter([make_runs(300, between=0.01)])
    assert learned.pooled is not None
    assert learned.pooled.variance**0.5 == pytest.approx(0.01, rel=0.1)
    assert learned.pooled.degrees_of_freedom == 299
    assert learned.find(0) == (learned.by_cell[0],)


def test_what_repetitions_explain_is_not_put_down_to_runs() -> None:
    learned = learn_run_scatter([make_runs(400, between=0.0, within=0.02)])
    assert learned.pooled is not None
    assert learned.pooled.explained**0.5 == pytest.approx(0.02 / 6**0.5, rel=0.1)
    assert learned.pooled.variance**0.5 < 0.004


def test_cells_that_are_shifted_together_count_as_one() -> None:
    apart = learn_run_scatter([make_runs(40, between=0.01, cells=10)]).pooled
    together = learn_run_scatter([make_runs(40, between=0.01, cells=10, common=True)]).pooled
    assert apart is not None
    assert together is not None
    assert together.degrees_of_freedom == pytest.approx(39, rel=0.05)
    assert apart.degrees_of_freedom > 5 * together.degrees_of_freedom


def test_groups_of_runs_have_means_of_their_own() -> None:
    shifted = [
        {cell: found._replace(mean=found.mean + 1.0) for cell, found in run.items()}
        for run in make_runs(60, between=0.01)
    ]
    learned = learn_run_scatter([make_runs(50, between=0.01), shifted])
    assert learned.by_cell[0].degrees_of_freedom == 49 + 59
    assert learned.by_cell[0].variance ** 0.5 == pytest.approx(0.01, rel=0.2)


def test_a_cell_that_some_runs_lack_is_learned_from_the_others() -> None:
    runs = make_runs(10, between=0.01, cells=2)
    learned = learn_run_scatter([[*runs[:7], *({0: run[0]} for run in runs[7:])]])
    assert (learned.by_cell[0].degrees_of_freedom, learned.by_cell[1].degrees_of_freedom) == (9, 6)


@pytest.mark.parametrize("groups", [[], [[]], [make_runs(1, between=0.01)]], ids=["no group", "no run", "one run"])
def test_nothing_is_learned_from_less_than_two_runs(groups: list[list[RunMeans]]) -> None:
    learned = learn_run_scatter(groups)
    assert (learned.pooled, learned.find(0)) == (None, ())


def test_of_one_cell_all_cells_together_say_only_so_much() -> None:
    own, pooled = learn_run_scatter([make_runs(40, between=0.01, cells=10)]).find(3)
    assert own.degrees_of_freedom == 39
    assert pooled.degrees_of_freedom == POOLED_DEGREES_OF_FREEDOM


def test_a_cell_that_no_run_has_learns_from_the_others() -> None:
    assert len(learn_run_scatter([make_runs(5, between=0.01, cells=2)]).find("another")) == 1


def test_without_other_runs_the_bound_is_allowed() -> None:
    allowed = allow_between_runs((), TAIL)
    assert (allowed.value, allowed.degrees_of_freedom) == (BOUND_RATIO**2, inf)


def test_a_calm_host_is_allowed_less_with_each_run() -> None:
    few, many = (
        allow_between_runs(learn_run_scatter([make_runs(count, between=0.003)]).find(0), TAIL) for count in (5, 40)
    )
    assert BOUND_RATIO > few.value**0.5 > many.value**0.5
    assert many.value == pytest.approx((4 * PRIOR_RATIO**2 + 39 * 0.003**2) / 43, rel=0.1)


def test_a_host_that_scatters_beyond_the_bound_is_allowed_what_it_shows() -> None:
    allowed = allow_between_runs(learn_run_scatter([make_runs(40, between=0.05)]).find(0), TAIL)
    assert allowed.value**0.5 > 2 * BOUND_RATIO


@pytest.mark.parametrize("runs", [2, 3])
def test_few_runs_make_verdicts_no_worse_than_none(runs: int) -> None:
    allowed = allow_between_runs((LearnedScatter(0.018**2, 1e-6, runs - 1.0),), TAIL)
    assert allowed == allow_between_runs((), TAIL)


def test_where_repetitions_explain_most_little_is_known_of_runs() -> None:
    clear, hidden = (allow_between_runs((LearnedScatter(1e-6, explained, 30.0),), TAIL) for explained in (0.0, 4e-5))
    assert clear.degrees_of_freedom == pytest.approx(34)
    assert hidden.degrees_of_freedom < 10
