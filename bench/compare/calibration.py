"""Compare a host with itself: the false alarm rate of bench's verdicts there, and the scatter between runs. Pure."""

import random
from collections.abc import Iterator, Sequence
from math import log, sqrt
from statistics import fmean, variance

from bench.bundle.calibration import digest_host
from bench.compare.cells import judge_pairs
from bench.compare.evidence import Evidence, find_cell_run, read_values
from bench.compare.history import summarize_run
from bench.errors import TooNoisyError
from bench.records.bundle import Contents
from bench.records.calibration import Calibration, CellCalibration
from bench.records.plan import Cell
from bench.records.summary import Interval
from bench.records.verdict import Criteria
from bench.stats.run_scatter import REPETITIONS_MIN as RUN_REPETITIONS_MIN
from bench.stats.run_scatter import learn_run_scatter
from bench.stats.variance import REPETITIONS_MIN, pool_variance

COMPARISONS = 500
"""Shuffles of a cell's repetitions. Of a rate of 1%, they show 0.3% to 2.3%."""


def calibrate(
    runs: Sequence[Contents], criteria: Criteria, *, seed: int, comparisons: int = COMPARISONS
) -> Calibration:
    """Make the calibration of a host from several runs of one plan on it.

    Args:
        runs: At least two, in the order in which they were made.
        criteria: Of the verdicts that are tried.
        seed: Of the shuffles.
        comparisons: How often each cell's repetitions are shuffled.

    Raises:
        TooNoisyError: no cell has enough repetitions in two runs.
    """
    cells = tuple(_calibrate_cells(runs, criteria, random.Random(seed), comparisons))  # noqa: S311 - no secret
    pooled = learn_run_scatter([[summarize_run(run).means for run in runs]]).pooled
    if not cells or pooled is None:
        raise TooNoisyError(
            f"no cell has {RUN_REPETITIONS_MIN} valid repetitions in each of two runs, and {2 * REPETITIONS_MIN} in all; "
            "calibrate with more --runs or --repetitions"
        )
    return Calibration(
        host_digest=digest_host(runs[0].machine),
        measured_at=runs[-1].info.finished_at,
        runs=tuple(run.info.run_id for run in runs),
        run_scatter_ratio=sqrt(pooled.variance),
        degrees_of_freedom=pooled.degrees_of_freedom,
        cells=cells,
    )


def _calibrate_cells(
    runs: Sequence[Contents], criteria: Criteria, shuffle: random.Random, comparisons: int
) -> Iterator[CellCalibration]:
    for cell in runs[0].plan.cells:
        found = [list(read_values(find_cell_run(run, cell).measurement, cell).values()) for run in runs]
        measured = [seconds for seconds in found if len(seconds) >= RUN_REPETITIONS_MIN]
        if len(measured) < 2:
            continue
        values = [value for seconds in measured for value in seconds]
        if len(measured) < 2 or len(values) < 2 * REPETITIONS_MIN:
            continue
        alarms = sum(_is_alarm(cell, shuffle.sample(values, len(values)), criteria) for _ in range(comparisons))
        logs = [[log(value) for value in seconds] for seconds in measured]
        yield CellCalibration(
            case=cell.case,
            layout=cell.layout,
            repetitions=len(values),
            repetition_scatter_ratio=sqrt(pool_variance(logs).value),
            run_scatter_ratio=sqrt(variance(map(fmean, logs))),
            comparisons=comparisons,
            false_alarms=alarms,
            false_alarm_ratio=_estimate_share(alarms, comparisons),
        )


def _is_alarm(cell: Cell, shuffled: Sequence[float], criteria: Criteria) -> bool:
    """Return whether two halves of shuffled repetitions come out different."""
    half = len(shuffled) // 2
    evidence = Evidence(
        case=cell.case,
        layout=cell.layout,
        base=cell.id,
        new=cell.id,
        base_values=(dict(enumerate(shuffled[:half])),),
        new_values=(dict(enumerate(shuffled[half : 2 * half])),),
    )
    return judge_pairs([evidence], criteria)[0].verdict.outcome in {"faster", "slower"}


def _estimate_share(count: int, total: int) -> Interval:
    """Return a share with its exact binomial interval: Clopper and Pearson, Biometrika 26 (1934)."""
    from scipy.stats import binomtest

    bounds = binomtest(count, total).proportion_ci(confidence_level=0.95, method="exact")
    return Interval(point=count / total, low=float(bounds.low), high=float(bounds.high))
