from collections.abc import Sequence
from math import sqrt

import pytest
from msgspec.structs import replace

from bench.compare.bundles import compare_runs
from bench.compare.calibration import calibrate
from bench.compare.history import EarlierRun, identify_cell
from bench.compare.scatter import AllowedScatter, group_runs, learn_scatter
from bench.records.bundle import Contents
from bench.records.calibration import Calibration
from bench.records.verdict import RUNS_MARGIN_RATIO, Criteria
from bench.stats.run_scatter import PRIOR_SCATTER_RATIO
from bench.stats.variance import Variance
from tests.unit.compare.runs import CALM_OFFSETS, STEADY, make_history, make_run, times

CRITERIA = Criteria(margin_ratio=RUNS_MARGIN_RATIO)


def make_calibration(*offsets: float, cells: int = 1, **values: object) -> Calibration:
    runs = [make_run(*[times(1 + offset)] * cells) for offset in offsets]
    return replace(calibrate(runs, CRITERIA, seed=1, comparisons=1), **values)


def find_first(scatter: AllowedScatter, contents: Contents) -> Variance:
    return scatter.find(identify_cell(contents.plan.cells[0]))


def learn(
    base: Contents, *, calibration: Calibration | None = None, earlier: Sequence[EarlierRun] = (), cells: int = 1
) -> Variance:
    """The scatter of the first cell, of a base that holds a calibration and another run."""
    held = replace(base, calibration=calibration)
    return find_first(learn_scatter([held], [make_run(*[STEADY] * cells)], earlier), base)


def count_sources(scatter: AllowedScatter) -> tuple[str, dict[str, str]]:
    return scatter.source.code, {name: value for name, value in scatter.source.values.items() if value != "0"}


def test_two_runs_alone_are_judged_by_the_prior() -> None:
    base = make_run(STEADY)
    scatter = learn_scatter([base], [make_run(times(2))])
    found = find_first(scatter, base)
    assert (sqrt(found.value), found.degrees_of_freedom) == pytest.approx((0.015, 4.0))
    assert count_sources(scatter) == ("scatter_assumed", {"prior_percent": "1.5"})
    assert scatter.describe([]).ratio == PRIOR_SCATTER_RATIO


def test_earlier_runs_that_hardly_differ_lower_it_and_add_degrees_of_freedom() -> None:
    base = make_run(STEADY)
    few, many = (learn(base, earlier=make_history(*CALM_OFFSETS[:runs])) for runs in (5, 40))
    assert 0.015 > sqrt(few.value) > sqrt(many.value)
    assert 4 < few.degrees_of_freedom < many.degrees_of_freedom


def test_earlier_runs_that_differ_much_raise_it() -> None:
    restless = learn(make_run(STEADY), earlier=make_history(*(0.05 * (-1) ** number for number in range(20))))
    assert sqrt(restless.value) > 0.04


def test_the_number_of_runs_that_it_rests_on_is_told() -> None:
    base, again = make_run(STEADY), make_run(STEADY)
    calibrated = replace(base, calibration=make_calibration(0.0, 0.001, 0.002))
    scatter = learn_scatter([calibrated, again], [make_run(STEADY)], make_history(0.0, 0.001))
    expected = {"earlier": "2", "compared": "3", "calibrated": "3", "prior_percent": "1.5"}
    assert count_sources(scatter) == ("scatter_learned", expected)


def test_runs_of_one_side_show_how_far_runs_lie_apart() -> None:
    side = [make_run(times(factor)) for factor in (1.0, 1.05, 0.95, 1.0)]
    found = find_first(learn_scatter(side, [make_run(STEADY)]), side[0])
    assert sqrt(found.value) > 0.025


def test_earlier_runs_count_in_groups_of_the_same_subject_and_one_alone_not_at_all() -> None:
    first, second, other = make_history(0.0, 0.001, 0.5)
    runs = [first, second, other._replace(subject="other")]
    assert group_runs(runs) == [[first, second]]
    assert group_runs([other]) == []


def test_of_runs_on_two_hosts_neither_history_nor_calibration_counts() -> None:
    base, new = make_run(STEADY), make_run(STEADY)
    topology = replace(new.machine.topology, allowed_cpus="0")
    elsewhere = replace(new, machine=replace(new.machine, topology=topology))
    calibrated = replace(base, calibration=make_calibration(0.0, 0.001, 0.002))
    scatter = learn_scatter([calibrated], [elsewhere], make_history(*CALM_OFFSETS))
    assert find_first(scatter, base).value == pytest.approx(PRIOR_SCATTER_RATIO**2)
    assert scatter.source.code == "scatter_assumed"


def test_a_calibration_counts_like_the_runs_that_it_was_made_from() -> None:
    base, offsets = make_run(STEADY), (0.0, 0.01, -0.01, 0.005)
    calibrated = learn(base, calibration=make_calibration(*offsets))
    earlier = learn(base, earlier=make_history(*offsets))
    assert (calibrated.value, calibrated.degrees_of_freedom) == pytest.approx(
        (earlier.value, earlier.degrees_of_freedom), rel=1e-6
    )


@pytest.mark.parametrize("cells", [1, 14])
def test_a_calibration_of_three_runs_of_a_calm_host_makes_no_verdict_worse(cells: int) -> None:
    base = make_run(*[STEADY] * cells)
    calibration = make_calibration(0.0, 0.004, -0.004, cells=cells)
    without, found = learn(base, cells=cells), learn(base, calibration=calibration, cells=cells)
    assert found.value < without.value
    assert found.degrees_of_freedom > without.degrees_of_freedom
    for factor in (1.0, 1.02, 1.1):
        new = make_run(*[times(factor)] * cells)
        alone = compare_runs([base], [new], CRITERIA).cells
        calibrated = compare_runs([replace(base, calibration=calibration)], [new], CRITERIA).cells
        for before, after in zip(alone, calibrated, strict=True):
            assert before.ratio is not None
            assert after.ratio is not None
            assert after.ratio.half_width_ratio < before.ratio.half_width_ratio
            assert after.outcome in {before.outcome, "faster", "slower", "equivalent"}


def test_the_newest_calibration_is_the_one_that_counts() -> None:
    old = make_calibration(0.0, 0.5, -0.3, measured_at="2025-01-01T00:00:00Z")
    new = make_calibration(0.0, 0.001, 0.002, 0.001, measured_at="2026-01-01T00:00:00Z")
    for first, second in ((old, new), (new, old)):
        sides = [replace(make_run(STEADY), calibration=calibration) for calibration in (first, second)]
        scatter = learn_scatter(sides[:1], sides[1:])
        assert scatter.source.values["calibrated"] == "4"
        assert find_first(scatter, sides[0]).value < PRIOR_SCATTER_RATIO**2


def test_a_calibration_of_another_host_does_not_count() -> None:
    foreign = make_calibration(0.0, 0.001, host_digest=f"sha256:{'1' * 64}")
    assert learn(make_run(STEADY), calibration=foreign).value == pytest.approx(PRIOR_SCATTER_RATIO**2)


def test_a_calibration_made_of_runs_that_count_already_does_not_count_twice() -> None:
    earlier = make_history(0.0, 0.001, 0.002)
    calibration = make_calibration(0.0, 0.001, 0.002, runs=tuple(run.run_id for run in earlier))
    base = make_run(STEADY)
    assert learn(base, calibration=calibration, earlier=earlier) == learn(base, earlier=earlier)


def test_a_cell_that_no_earlier_run_has_is_judged_by_the_others() -> None:
    runs = make_run(STEADY, STEADY), make_run(STEADY, STEADY)
    scatter = learn_scatter([runs[0]], [runs[1]], make_history(*CALM_OFFSETS))
    known, unknown = (scatter.find(identify_cell(cell)) for cell in runs[0].plan.cells)
    assert known.value < unknown.value < PRIOR_SCATTER_RATIO**2
    assert unknown.degrees_of_freedom < known.degrees_of_freedom


def test_the_median_over_cells_is_told() -> None:
    comparison = compare_runs([make_run(STEADY, STEADY)], [make_run(STEADY, STEADY)], CRITERIA)
    assert comparison.run_scatter is not None
    assert comparison.run_scatter.ratio == pytest.approx(PRIOR_SCATTER_RATIO)
