from math import inf

import pytest
from msgspec.structs import replace

from bench.compare.calibration import calibrate
from bench.compare.history import CellKey, identify_cell
from bench.compare.scatter import AllowedScatter, learn_scatter
from bench.records.bundle import Contents
from bench.records.calibration import Calibration
from bench.records.verdict import INTERLEAVED_MARGIN_RATIO, Criteria
from tests.unit.compare.runs import CALM_OFFSETS, make_history
from tests.unit.compare.test_calibration import make_runs

TAIL = 0.0025


def make_calibration(runs: list[Contents], **values: object) -> Calibration:
    criteria = Criteria(margin_ratio=INTERLEAVED_MARGIN_RATIO)
    return replace(calibrate(runs, criteria, seed=1, comparisons=1), **values)


def key(contents: Contents) -> CellKey:
    return identify_cell(contents.plan.cells[0])


def allow(scatter: AllowedScatter, contents: Contents) -> float:
    return scatter.allow(key(contents), TAIL).value ** 0.5


def test_a_calibration_joins_as_data() -> None:
    base, new, *calibrated = make_runs(runs=20, between=0.003, within=0.002)
    calibration = make_calibration(calibrated)
    scatter = learn_scatter([base], [replace(new, calibration=calibration)])
    assert scatter.source.values["calibrated"] == "18"
    assert allow(scatter, base) == pytest.approx(((4 * 0.015**2 + 17 * 0.003**2) / 21) ** 0.5, rel=0.2)


def test_a_calibration_of_three_runs_makes_nothing_worse() -> None:
    base, new, *calibrated = make_runs(runs=5, between=0.015, within=0.005)
    alone = learn_scatter([base], [new]).allow(key(base), TAIL)
    known = learn_scatter([base], [replace(new, calibration=make_calibration(calibrated))]).allow(key(base), TAIL)
    assert (alone.value, alone.degrees_of_freedom) == (0.02**2, inf)
    assert known == alone or known.value < alone.value


def test_a_calibration_that_was_made_of_the_runs_themselves_counts_once() -> None:
    runs = make_runs(runs=5)
    own = replace(runs[0], calibration=make_calibration(runs))
    assert learn_scatter([own], [runs[1]]).source.code == "scatter_assumed"


def test_the_newest_calibration_counts() -> None:
    base, new, *others = make_runs(runs=9)
    old = make_calibration(others[:3], measured_at="2025-01-01T00:00:00Z")
    newest = make_calibration(others[3:], measured_at="2026-01-01T00:00:00Z")
    scatter = learn_scatter([replace(base, calibration=newest)], [replace(new, calibration=old)])
    assert scatter.source.values["calibrated"] == "4"


def test_another_hosts_calibration_and_runs_count_for_nothing() -> None:
    base, new, *others = make_runs(runs=6)
    foreign = make_calibration(others, host_digest=f"sha256:{'1' * 64}")
    assert learn_scatter([replace(base, calibration=foreign)], [new]).source.code == "scatter_assumed"
    topology = replace(new.machine.topology, allowed_cpus="0")
    elsewhere = replace(new, machine=replace(new.machine, topology=topology))
    own = replace(base, calibration=make_calibration(others))
    assert learn_scatter([own], [elsewhere], make_history(*CALM_OFFSETS)).source.code == "scatter_assumed"


def test_runs_of_one_side_show_their_scatter() -> None:
    runs = make_runs(runs=12, between=0.002, within=0.002)
    scatter = learn_scatter(runs[:6], runs[6:])
    assert scatter.source.values["compared"] == "12"
    assert allow(scatter, runs[0]) < 0.01
