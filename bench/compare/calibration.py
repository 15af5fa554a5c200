"""Compare a host with itself: the false alarm rate of our verdicts there, and the scatter between runs. Pure."""

import random
from collections.abc import Iterator, Sequence
from math import log, sqrt
from statistics import fmean, variance

from bench.bundle.calibration import digest_host
from bench.compare.cells import Evidence, judge_cells
from bench.errors import TooNoisyError
from bench.records.bundle import Contents
from bench.records.calibration import Calibration, CellCalibration
from bench.records.plan import Cell
from bench.records.summary import Interval
from bench.records.verdict import ASSUMED_SCATTER, Criteria, RunScatter
from bench.stats.metrics import repetition_values
from bench.stats.scatter import REPETITIONS_MIN

COMPARISONS = 500
"""Deals of a cell's repetitions: a rate of 1 in 100 shows within 0.3% to 2.3%."""


def calibrate(
    runs: Sequence[Contents], criteria: Criteria, *, seed: int, comparisons: int = COMPARISONS
) -> Calibration:
    """Make the calibration of a host from several runs of one plan on it.

    Args:
        runs: At least two, in the order in which they were made.
        criteria: Of the verdicts that are tried.
        seed: Of the shuffles.
        comparisons: How often each cell's repetitions are dealt.

    Raises:
        TooNoisyError: no cell has a number in two runs and repetitions enough for both sides.
    """
    cells = tuple(_calibrate_cells(runs, criteria, random.Random(seed), comparisons))  # noqa: S311 - no secret
    if not cells:
        raise TooNoisyError(
            f"no cell has valid repetitions in two runs, and {2 * REPETITIONS_MIN} in all; "
            "calibrate with more --runs or --repetitions"
        )
    return Calibration(
        host_digest=digest_host(runs[0].machine),
        measured_at=runs[-1].info.finished_at,
        runs=tuple(run.info.run_id for run in runs),
        run_scatter_ratio=sqrt(fmean(cell.run_scatter_ratio**2 for cell in cells)),
        cells=cells,
    )


def find_run_scatter(base: Contents, new: Contents) -> RunScatter:
    """What to allow for between two runs: the newest calibration in either, if both are of its host; else the assumed."""
    hosts = {digest_host(base.machine), digest_host(new.machine)}
    own = [one for one in (base.calibration, new.calibration) if one is not None and hosts == {one.host_digest}]
    if not own:
        return ASSUMED_SCATTER
    newest = max(own, key=lambda one: one.measured_at)
    return RunScatter(
        ratio=newest.run_scatter_ratio, runs=len(newest.runs), source=f"this host's calibration of {newest.measured_at}"
    )


def _calibrate_cells(
    runs: Sequence[Contents], criteria: Criteria, shuffle: random.Random, comparisons: int
) -> Iterator[CellCalibration]:
    for cell in runs[0].plan.cells:
        sides = [list(seconds) for run in runs if (seconds := _find_latencies(run, cell))]
        values = [seconds for side in sides for seconds in side]
        if len(sides) < 2 or len(values) < 2 * REPETITIONS_MIN:
            continue
        alarms = sum(_is_alarm(cell, shuffle.sample(values, len(values)), criteria) for _ in range(comparisons))
        yield CellCalibration(
            case=cell.case,
            layout=cell.layout,
            repetitions=len(values),
            repetition_scatter_ratio=_scatter_within(sides),
            run_scatter_ratio=sqrt(variance([fmean(map(log, side)) for side in sides])),
            comparisons=comparisons,
            false_alarms=alarms,
            false_alarm_ratio=_share(alarms, comparisons),
        )


def _find_latencies(run: Contents, cell: Cell) -> tuple[float, ...]:
    measurements = [one for one in run.measurements if one.cell == cell.id and one.failure is None]
    return tuple(seconds for one in measurements for seconds in repetition_values(one, cell).values())


def _is_alarm(cell: Cell, shuffled: Sequence[float], criteria: Criteria) -> bool:
    half = len(shuffled) // 2
    evidence = Evidence(
        case=cell.case,
        layout=cell.layout,
        base=cell.id,
        new=cell.id,
        base_s=dict(enumerate(shuffled[:half])),
        new_s=dict(enumerate(shuffled[half : 2 * half])),
    )
    return judge_cells([evidence], criteria, None)[0].verdict.outcome in {"faster", "slower"}


def _scatter_within(sides: Sequence[Sequence[float]]) -> float:
    """Standard deviation of repetitions about their own run's mean, runs pooled."""
    logs = [[log(value) for value in side] for side in sides]
    squares = sum((value - fmean(side)) ** 2 for side in logs for value in side)
    return sqrt(squares / (sum(map(len, logs)) - len(logs)))


def _share(count: int, total: int) -> Interval:
    """A share with its exact binomial interval: Clopper and Pearson, Biometrika 26 (1934)."""
    from scipy.stats import binomtest

    bounds = binomtest(count, total).proportion_ci(confidence_level=0.95, method="exact")
    return Interval(point=count / total, low=float(bounds.low), high=float(bounds.high))
