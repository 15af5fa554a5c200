"""Scatter between runs: how far whole runs of the same thing lie apart on one host.

Repetitions of one run share its time of day, its neighbours and its place in memory. They show nothing of how another
run would have come out, so that the scatter between runs is learned from other runs, or assumed.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from math import fsum, log, sqrt
from statistics import fmean
from typing import NamedTuple

from bench.stats.variance import PRIOR_DEGREES_OF_FREEDOM, Variance, pool_variance

PRIOR_SCATTER_RATIO = 0.015
"""Standard deviation between runs that is assumed of a host without history: guests of shared machines lay 0 to 2.8%
apart (quartiles of eight cells), 1.0% in the median. Less would raise false alarms on hosts that scatter by 2%."""


class CellMean(NamedTuple):
    """One cell of one run.

    Attributes:
        mean: Of the logarithms of its repetitions' values.
        variance: Of that mean, by the scatter of its repetitions.
    """

    mean: float
    variance: float


class LearnedScatter(NamedTuple):
    """Scatter between runs, as some runs show it.

    Attributes:
        variance: Between runs, less what repetitions explain.
        explained: Variance of one run's mean that its repetitions explain.
        degrees_of_freedom: Of the two together; 0 where there was nothing to learn from.
    """

    variance: float
    explained: float
    degrees_of_freedom: float


NOTHING_LEARNED = LearnedScatter(0.0, 0.0, 0.0)

RunMeans = Mapping[Hashable, CellMean]
"""The cells of one run, by whatever names a cell in several runs."""


def average_repetitions(values: Sequence[float]) -> CellMean:
    """Return the mean logarithm of a cell's repetitions, two or more."""
    logs = [log(value) for value in values]
    return CellMean(fmean(logs), pool_variance([logs]).value / len(logs))


def learn_run_scatter(groups: Iterable[Sequence[RunMeans]]) -> LearnedScatter:
    """Return the variance between runs, pooled over cells.

    Method: the variance of runs' means about the mean of their group, less what their repetitions explain, as in a
    one-way analysis of variance. Cells of one run are shifted together, so that n cells are worth fewer:
    n / (1 + (n - 1) r²) of them, where r is the correlation of their offsets. r is raised by its standard error, since
    few runs cannot show it.

    Args:
        groups: Runs of the same thing, each group with an unknown mean of its own.
    """
    deviations = [_find_deviations(runs) for runs in groups]
    learned = [group for group in deviations if group.runs > 1 and group.by_cell]
    total = sum((group.runs - 1) * len(group.by_cell) for group in learned)
    if not total:
        return NOTHING_LEARNED
    squares = fsum(value * value for group in learned for values in group.by_cell.values() for value in values)
    explained = fsum((group.runs - 1) * group.explained for group in learned)
    run_count = sum(group.runs - 1 for group in learned)
    correlation = min(1.0, _correlate(learned) + 1 / sqrt(run_count + 1))
    cells = total / run_count
    return LearnedScatter(
        variance=max(0.0, squares - explained) / total,
        explained=explained / total,
        degrees_of_freedom=total / (1 + (cells - 1) * correlation**2),
    )


def combine_with_prior(learned: Iterable[LearnedScatter]) -> Variance:
    """Return the variance between runs to allow for: the prior and what was learned, by their degrees of freedom.

    Method: those degrees of freedom are of all that runs' means scatter by. Of the part that repetitions do not explain
    they are fewer, by the square of its share (Satterthwaite, Biometrics Bulletin 2, 1946): where repetitions scatter
    much, runs show little of what is between them.
    """
    parts = (LearnedScatter(PRIOR_SCATTER_RATIO**2, 0.0, PRIOR_DEGREES_OF_FREEDOM), *learned)
    degrees_of_freedom = fsum(part.degrees_of_freedom for part in parts)
    value = fsum(part.degrees_of_freedom * part.variance for part in parts) / degrees_of_freedom
    explained = fsum(part.degrees_of_freedom * part.explained for part in parts) / degrees_of_freedom
    shown = (value / (value + explained)) ** 2
    return Variance(value=value, degrees_of_freedom=max(1.0, degrees_of_freedom * shown))


class _Deviations(NamedTuple):
    """Runs of one group about their mean.

    Attributes:
        by_cell: Deviation of each run, of the cells that all runs have.
        explained: Variance of a run's mean by its repetitions, summed over cells.
    """

    runs: int
    by_cell: Mapping[Hashable, Sequence[float]]
    explained: float


def _find_deviations(runs: Sequence[RunMeans]) -> _Deviations:
    shared = [cell for cell in runs[0] if all(cell in run for run in runs)] if runs else []
    by_cell: dict[Hashable, Sequence[float]] = {}
    for cell in shared:
        means = [run[cell].mean for run in runs]
        center = fmean(means)
        by_cell[cell] = [mean - center for mean in means]
    explained = fsum(fmean([run[cell].variance for run in runs]) for cell in shared)
    return _Deviations(len(runs), by_cell, explained)


def _correlate(groups: Sequence[_Deviations]) -> float:
    """Return the mean correlation between cells of their runs' deviations, at least 0."""
    products = pairs = 0.0
    for group in groups:
        scales = {cell: sqrt(fsum(value * value for value in values)) for cell, values in group.by_cell.items()}
        moving = [[value / scales[cell] for value in values] for cell, values in group.by_cell.items() if scales[cell]]
        together = fsum(sum(run) ** 2 for run in zip(*moving, strict=True))
        products += (group.runs - 1) * (together - len(moving))
        pairs += (group.runs - 1) * len(moving) * (len(moving) - 1)
    return max(0.0, products / pairs) if pairs else 0.0
