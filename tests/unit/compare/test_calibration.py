import numpy as np
import pytest

from bench.bundle.calibration import digest_host
from bench.compare.calibration import calibrate
from bench.errors import TooNoisyError
from bench.records.bundle import Contents
from bench.records.verdict import Criteria
from tests.unit.compare.runs import STEADY, make_run

CRITERIA = Criteria(margin_ratio=0.02)


def make_runs(*, runs: int = 6, repetitions: int = 5, between: float = 0.02, within: float = 0.01) -> list[Contents]:
    rng = np.random.default_rng(4)
    return [make_run(0.1 * np.exp(rng.normal(0, between) + rng.normal(0, within, repetitions))) for _ in range(runs)]


def test_finds_both_scatters_and_hardly_a_false_alarm() -> None:
    runs = make_runs(runs=40)
    calibration = calibrate(runs, CRITERIA, seed=1, comparisons=200)
    cell = calibration.cells[0]
    assert cell.repetition_scatter_ratio == pytest.approx(0.01, rel=0.2)
    assert cell.run_scatter_ratio == pytest.approx((0.02**2 + 0.01**2 / 5) ** 0.5, rel=0.3)
    assert calibration.run_scatter_ratio == pytest.approx(0.02, rel=0.3)
    explained = cell.repetition_scatter_ratio**2 / 5
    assert calibration.run_scatter_ratio**2 == pytest.approx(cell.run_scatter_ratio**2 - explained)
    assert calibration.degrees_of_freedom == pytest.approx(39.0)
    assert (cell.repetitions, cell.comparisons) == (200, 200)
    assert cell.false_alarms <= 4
    assert cell.false_alarm_ratio.low <= cell.false_alarms / 200 <= cell.false_alarm_ratio.high
    assert calibration.runs == tuple(run.info.run_id for run in runs)
    assert calibration.host_digest == digest_host(runs[0].machine)


def test_equal_seeds_give_equal_calibrations() -> None:
    runs = make_runs(runs=3)
    first, second = (calibrate(runs, CRITERIA, seed=7, comparisons=50) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "runs",
    [[make_run(STEADY * 2)], [make_run(STEADY[:4]), make_run(STEADY[:4])], [make_run(()), make_run(STEADY * 2)]],
    ids=["one run", "eight repetitions", "failed in one of two"],
)
def test_too_little_is_refused(runs: list[Contents]) -> None:
    with pytest.raises(TooNoisyError, match="more --runs or --repetitions"):
        calibrate(runs, CRITERIA, seed=1)


def test_cells_that_are_shifted_together_count_as_one() -> None:
    factors = (1.0, 1.02, 0.99, 1.01)
    runs = [make_run(*[[factor * value for value in STEADY]] * 6) for factor in factors]
    calibration = calibrate(runs, CRITERIA, seed=1, comparisons=1)
    assert len(calibration.cells) == 6
    assert calibration.degrees_of_freedom == pytest.approx(3.0)


def test_a_cell_that_failed_in_all_runs_but_one_is_left_out() -> None:
    runs = [make_run(STEADY, STEADY), make_run(STEADY, ()), make_run(STEADY, STEADY[:1])]
    calibration = calibrate(runs, CRITERIA, seed=1, comparisons=1)
    assert [cell.case for cell in calibration.cells] == [runs[0].plan.cells[0].case]
