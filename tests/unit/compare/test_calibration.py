import numpy as np
import pytest
from msgspec.structs import replace

from bench.bundle.calibration import digest_host
from bench.compare.calibration import calibrate, find_run_scatter
from bench.errors import TooNoisyError
from bench.records.bundle import Contents
from bench.records.calibration import Calibration
from bench.records.verdict import ASSUMED_SCATTER, Criteria
from tests.unit.compare.runs import STEADY, make_run


def make_runs(*, runs: int = 6, repetitions: int = 5, between: float = 0.02, within: float = 0.01) -> list[Contents]:
    rng = np.random.default_rng(4)
    return [make_run(0.1 * np.exp(rng.normal(0, between) + rng.normal(0, within, repetitions))) for _ in range(runs)]


def make_calibration(runs: list[Contents], **values: object) -> Calibration:
    return replace(calibrate(runs, Criteria(), seed=1, comparisons=1), **values)


def test_finds_both_scatters_and_hardly_a_false_alarm() -> None:
    runs = make_runs(runs=40)
    calibration = calibrate(runs, Criteria(), seed=1, comparisons=200)
    cell = calibration.cells[0]
    assert cell.repetition_scatter_ratio == pytest.approx(0.01, rel=0.2)
    assert cell.run_scatter_ratio == pytest.approx((0.02**2 + 0.01**2 / 5) ** 0.5, rel=0.3)
    assert calibration.run_scatter_ratio == pytest.approx(cell.run_scatter_ratio)
    assert (cell.repetitions, cell.comparisons) == (200, 200)
    assert cell.false_alarms <= 4
    assert cell.false_alarm_ratio.low <= cell.false_alarms / 200 <= cell.false_alarm_ratio.high
    assert calibration.runs == tuple(run.info.run_id for run in runs)
    assert calibration.host_digest == digest_host(runs[0].machine)


def test_equal_seeds_give_equal_calibrations() -> None:
    runs = make_runs(runs=3)
    first, second = (calibrate(runs, Criteria(), seed=7, comparisons=50) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "runs",
    [[make_run(STEADY * 2)], [make_run(STEADY[:4]), make_run(STEADY[:4])], [make_run(()), make_run(STEADY * 2)]],
    ids=["one run", "eight repetitions", "failed in one of two"],
)
def test_too_little_is_refused(runs: list[Contents]) -> None:
    with pytest.raises(TooNoisyError, match="more --runs or --repetitions"):
        calibrate(runs, Criteria(), seed=1)


def test_the_newest_calibration_of_this_host_is_allowed_for() -> None:
    runs = make_runs(runs=3)
    old = make_calibration(runs, run_scatter_ratio=0.5, measured_at="2025-01-01T00:00:00Z")
    new = make_calibration(runs, run_scatter_ratio=0.003, measured_at="2026-01-01T00:00:00Z")
    found = find_run_scatter(replace(runs[0], calibration=new), replace(runs[1], calibration=old))
    assert (found.ratio, found.runs) == (0.003, 3)
    assert "2026-01-01T00:00:00Z" in found.source


def test_a_calibration_of_another_host_is_not_believed() -> None:
    runs = make_runs(runs=3)
    other = make_calibration(runs, host_digest=f"sha256:{'1' * 64}")
    assert find_run_scatter(replace(runs[0], calibration=other), runs[1]) == ASSUMED_SCATTER
    own = replace(runs[0], calibration=make_calibration(runs))
    topology = replace(runs[1].machine.topology, allowed_cpus="0")
    elsewhere = replace(runs[1], machine=replace(runs[1].machine, topology=topology))
    assert find_run_scatter(own, elsewhere) == ASSUMED_SCATTER
