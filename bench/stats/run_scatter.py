"""Scatter between runs: how far whole runs of the same thing lie apart on one host.

Repetitions of one run share its time of day, its neighbours and its place in memory. They show nothing of how another
run would have come out, so that the scatter between runs is learned from other runs, or assumed.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from math import fsum, inf, log, sqrt
from statistics import fmean
from typing import NamedTuple

from bench.stats.variance import PRIOR_DEGREES_OF_FREEDOM, Variance, pool_variance

BOUND_RATIO = 0.02
"""Largest standard deviation between runs for which the false alarm rate is promised where nothing is known of a host.
Runs of guests on shared machines lay 0 to 2.8% apart (quartiles of eight cells), 1.0% in the median."""

PRIOR_RATIO = 0.015
"""Standard deviation between runs that what is learned of a host is combined with."""

POOLED_DEGREES_OF_FREEDOM = 4.0
"""Most that all cells together count for in one cell's scatter. Cells differ: where one in four scatters between runs by
2% and the others by a third of a percent, their pooled variance alone raises false alarms in one comparison of twenty."""


REPETITIONS_MIN = 2
"""Fewest repetitions of a run that is learned from: one alone does not show its own scatter."""


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
        degrees_of_freedom: Of the two together.
    """

    variance: float
    explained: float
    degrees_of_freedom: float


class LearnedRuns(NamedTuple):
    """Scatter between runs of several cells.

    Attributes:
        by_cell: As each cell shows it.
        pooled: As all cells together show it; None without any.
    """

    by_cell: Mapping[Hashable, LearnedScatter]
    pooled: LearnedScatter | None

    def find(self, cell: Hashable) -> tuple[LearnedScatter, ...]:
        """Return what these runs show of one cell: by itself, and by all cells if there are others."""
        own = (self.by_cell[cell],) if cell in self.by_cell else ()
        if self.pooled is None or len(self.by_cell) == len(own):
            return own
        degrees_of_freedom = min(self.pooled.degrees_of_freedom, POOLED_DEGREES_OF_FREEDOM)
        return (*own, self.pooled._replace(degrees_of_freedom=degrees_of_freedom))


RunMeans = Mapping[Hashable, CellMean]
"""The cells of one run, by whatever names a cell in several runs."""


def average_repetitions(values: Sequence[float]) -> CellMean:
    """Return the mean logarithm of a cell's repetitions, `REPETITIONS_MIN` or more."""
    logs = [log(value) for value in values]
    return CellMean(fmean(logs), pool_variance([logs]).value / len(logs))


def learn_run_scatter(groups: Iterable[Sequence[RunMeans]]) -> LearnedRuns:
    """Return what runs show of the scatter between them.

    Method: the variance of runs' means about the mean of their group, less what their repetitions explain, as in a
    one-way analysis of variance. Cells of one run are shifted together, so that n cells are worth fewer:
    n / (1 + (n - 1) r²) of them, where r is the correlation of their offsets. r is raised by its standard error, since
    few runs cannot show it.

    Args:
        groups: Runs of the same thing, each group with an unknown mean of its own.
    """
    compared = [_find_deviations(runs) for runs in groups if len(runs) > 1]
    deviations: dict[Hashable, list[_Deviations]] = {}
    for group in compared:
        for cell, found in group.items():
            deviations.setdefault(cell, []).append(found)
    if not deviations:
        return LearnedRuns({}, None)
    by_cell = {cell: _pool(found) for cell, found in deviations.items()}
    together = _pool(found for group in compared for found in group.values())
    runs = max(learned.degrees_of_freedom for learned in by_cell.values())
    correlation = min(1.0, _correlate(compared) + 1 / sqrt(runs + 1))
    count = together.degrees_of_freedom / runs
    independent = together.degrees_of_freedom / (1 + (count - 1) * correlation**2)
    return LearnedRuns(by_cell, together._replace(degrees_of_freedom=independent))


def allow_between_runs(learned: Iterable[LearnedScatter], tail: float) -> Variance:
    """Return the variance between runs to allow for: what was learned with a prior, or a bound.

    A bound is known, and has infinite degrees of freedom. Few other runs say little: with them, Student's quantile would
    make verdicts worse than without. Whichever gives the narrower interval is used, as long as what was learned is within
    the bound. Each keeps the false alarm level, and so both together twice the level at most.

    Args:
        learned: Of one cell, by `LearnedRuns.find`.
        tail: Probability beyond one end of the interval.
    """
    from scipy.special import ndtri, stdtrit

    estimate = _combine_with_prior(learned)
    bound = Variance(value=BOUND_RATIO**2, degrees_of_freedom=inf)
    reach = float(stdtrit(estimate.degrees_of_freedom, 1 - tail)) * sqrt(estimate.value)
    return bound if estimate.value <= bound.value and -ndtri(tail) * BOUND_RATIO < reach else estimate


def _combine_with_prior(learned: Iterable[LearnedScatter]) -> Variance:
    """Return the mean of the prior and what was learned, by their degrees of freedom.

    Method: those degrees of freedom are of all that runs' means scatter by. Of the part that repetitions do not explain
    they are fewer, by the square of its share (Satterthwaite, Biometrics Bulletin 2, 1946): where repetitions scatter
    much, runs show little of what is between them.
    """
    parts = (LearnedScatter(PRIOR_RATIO**2, 0.0, PRIOR_DEGREES_OF_FREEDOM), *learned)
    degrees_of_freedom = fsum(part.degrees_of_freedom for part in parts)
    value = fsum(part.degrees_of_freedom * part.variance for part in parts) / degrees_of_freedom
    explained = fsum(part.degrees_of_freedom * part.explained for part in parts) / degrees_of_freedom
    unexplained = (value / (value + explained)) ** 2
    return Variance(value=value, degrees_of_freedom=max(1.0, degrees_of_freedom * unexplained))


class _Deviations(NamedTuple):
    """One cell in the runs of one group that have it.

    Attributes:
        values: Deviation of each run's mean from that of the group.
        explained: Variance of a run's mean by its repetitions.
    """

    values: Sequence[float]
    explained: float


def _find_deviations(runs: Sequence[RunMeans]) -> dict[Hashable, _Deviations]:
    """Return the deviations of each cell that two of the runs have."""
    by_cell: dict[Hashable, list[CellMean]] = {}
    for run in runs:
        for cell, mean in run.items():
            by_cell.setdefault(cell, []).append(mean)
    found = {}
    for cell, means in by_cell.items():
        center = fmean([mean.mean for mean in means])
        if len(means) > 1:
            values = [mean.mean - center for mean in means]
            found[cell] = _Deviations(values, fmean([mean.variance for mean in means]))
    return found


def _pool(deviations: Iterable[_Deviations]) -> LearnedScatter:
    """Return what deviations show together, as if they were independent."""
    squares = explained = degrees_of_freedom = 0.0
    for found in deviations:
        squares += fsum(value * value for value in found.values)
        explained += (len(found.values) - 1) * found.explained
        degrees_of_freedom += len(found.values) - 1
    variance = max(0.0, squares - explained) / degrees_of_freedom
    return LearnedScatter(variance, explained / degrees_of_freedom, degrees_of_freedom)


def _correlate(groups: Iterable[Mapping[Hashable, _Deviations]]) -> float:
    """Return the mean correlation between cells of their runs' deviations, at least 0.

    Only cells that all runs of a group have are compared with one another.
    """
    products = pairs = 0.0
    for group in groups:
        runs = max((len(found.values) for found in group.values()), default=0)
        scaled = [_scale(found.values) for found in group.values() if len(found.values) == runs and any(found.values)]
        together = fsum(sum(run) ** 2 for run in zip(*scaled, strict=True))
        products += (runs - 1) * (together - len(scaled))
        pairs += (runs - 1) * len(scaled) * (len(scaled) - 1)
    return max(0.0, products / pairs) if pairs else 0.0


def _scale(values: Sequence[float]) -> list[float]:
    """Return values over the root of the sum of their squares."""
    size = sqrt(fsum(value * value for value in values))
    return [value / size for value in values]
