"""Find the changes of level in the series of a host's cells, as they would have been found one run after another.

The search is run by run: what is found with the first runs of a history is found in the same place when more of them are
there. So a history may be looked at every day, or once at the end, and its false alarms are the same ones.

1. Points that carry wide intervals count for less: deviations are divided by their standard deviation, which is made of
   the scatter between runs and of the point's own error.
2. What a run has in common with the one before it is taken out by a first-order autoregression, whose coefficient is
   pooled over the cells of the host, or a cell's own where that is larger (`bench.stats.autocorrelation`). So a host that
   drifts needs a clearer change.
3. The newest end of the segment is searched for a split (`bench.stats.change_search`). Where ranks show a change, least
   absolute deviations say where it is. It ends the segment, and the values after it are the next one.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bench.stats.autocorrelation import UNSEEN, Floats, Ints, Shown, Sums, allow_for_cell, correlate, pool, sum_up
from bench.stats.change_search import SPLITS, WINDOW, find_splits, gather, make_critical, rank_sums
from bench.stats.variance import SCATTER_FLOOR

BLOCK_LOOKS = 2048
"""Looks that are made together: what fits into a processor's cache."""


class Series(NamedTuple):
    """One cell in the runs of a host.

    Attributes:
        runs: Number of each run among those of the host, ascending.
        values: Of the logarithm of the latency in each run.
        variances: Of those values, by the scatter of their repetitions.
    """

    runs: Ints
    values: Floats
    variances: Floats


class Change(NamedTuple):
    """A change of level.

    Attributes:
        series: Index of the series.
        first: Index in the series of the first value after the change.
        found: Index of the value with which it was found.
    """

    series: int
    first: int
    found: int


class Found(NamedTuple):
    """What was found in the series of a host.

    Attributes:
        changes: In the order in which they were found.
        autocorrelations: What was allowed for at the end, one entry a series.
    """

    changes: tuple[Change, ...]
    autocorrelations: tuple[float, ...]


class _Search:
    """The state of a search: where the current segment of each series begins."""

    def __init__(self, series: Sequence[Series], tail: float) -> None:
        self.series = series
        self.critical = make_critical(tail)
        self.sums: list[Sums] = [sum_up(cell.values, cell.variances) for cell in series]
        self.starts = [0] * len(series)
        self.ended: list[Shown] = []
        sizes = [len(cell.values) for cell in series]
        self.offsets = np.cumsum([0, *sizes])[:-1]
        self.values = np.concatenate([cell.values - cell.values.mean() for cell in series])
        self.variances = np.concatenate([cell.variances for cell in series]) + SCATTER_FLOOR**2

    def estimate_autocorrelation(self, runs: Ints) -> Floats:
        """Return what to allow for in each series at each run, by the segments as they were then, shape (series, runs)."""
        current = []
        for cell, sums, start in zip(self.series, self.sums, self.starts, strict=True):
            counts = np.searchsorted(cell.runs, runs, side="right")
            current.append(correlate(sums, start, counts - np.minimum(UNSEEN, np.maximum(counts - start, 0) // 2)))
        ended = [
            Shown(np.repeat(part.shares, len(runs), axis=1), np.repeat(part.counts, len(runs))) for part in self.ended
        ]
        pooled = pool([*ended, *current])
        return np.stack([allow_for_cell(pooled, own) for own in current])

    def look(self, runs: Ints) -> list[Change]:
        """Return the changes that the first of some runs shows that shows any."""
        looks = [
            (number, end)
            for number, cell in enumerate(self.series)
            for end in range(*np.searchsorted(cell.runs, (runs[0], runs[-1] + 1)))
            if end - self.starts[number] >= SPLITS[0]
        ]
        if not looks:
            return []
        numbers, ends = np.array(looks).T
        at = np.concatenate([self.series[number].runs[end : end + 1] for number, end in looks])
        correlations = self.estimate_autocorrelation(runs)[numbers, at - runs[0]]
        after = self._search(numbers, ends, correlations)
        alarms = after > 0
        if not alarms.any():
            return []
        first = at[alarms].min()
        shown = alarms & (at == first)
        return [self._locate(int(number), int(end)) for number, end in zip(numbers[shown], ends[shown], strict=True)]

    def _locate(self, number: int, end: int) -> Change:
        """Return the change of a series whose newest values show one.

        Method: least absolute deviations over all splits with two values or more on either side (Bai, Least absolute
        deviation estimation of a shift, Econometric Theory 11, 1995): a run that was far out does not move the place, as
        it does with least squares. Ranks say that there is a change; they do not tell a large one's place, since many
        splits have nearly the same rank sum.
        """
        begin = max(self.starts[number], end - WINDOW)
        place = slice(self.offsets[number] + begin, self.offsets[number] + end + 1)
        values, own = self.values[place], self.variances[place]
        weights = 1 / np.sqrt(max(0.0, float(values.var() - own.mean())) + own)
        losses = [
            _deviate(values[:split], weights[:split]) + _deviate(values[split:], weights[split:])
            for split in range(2, len(values) - 1)
        ]
        return Change(number, begin + 2 + int(np.argmin(losses)), end)

    def _search(self, numbers: Ints, ends: Ints, correlations: Floats) -> Ints:
        """Return how many values are after the clearest split of each look; 0 where there is none."""
        # A segment's first value has none before it that it could be compared with.
        counts = np.minimum(ends - np.array(self.starts)[numbers], WINDOW)
        places = self.offsets[numbers] + ends
        newest, before = gather(self.values, places, counts)
        own, own_before = gather(self.variances, places, counts)
        between = _find_between(newest, own, counts)[:, None]
        slope = correlations[:, None]
        with np.errstate(invalid="ignore"):
            innovations = newest - slope * before
            center = np.where(np.isfinite(newest), innovations, 0).sum(axis=1) / counts
            scales = np.sqrt(between + own + slope**2 * (between + own_before))
            deviations = (innovations - center[:, None]) / scales
        scaled = np.where(np.isfinite(newest), deviations, np.inf)
        return find_splits(rank_sums(scaled, counts), counts, self.critical)

    def accept(self, change: Change) -> None:
        """End the segment of a series at a change."""
        end = np.array([change.first])
        self.ended.append(correlate(self.sums[change.series], self.starts[change.series], end))
        self.starts[change.series] = change.first


def _deviate(values: Floats, weights: Floats) -> float:
    """Return the weighted sum of absolute deviations from the weighted median."""
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    median = values[order[np.searchsorted(sums, sums[-1] / 2)]]
    return float((weights * np.abs(values - median)).sum())


def _find_between(values: Floats, own: Floats, counts: Ints) -> Floats:
    """Return the variance between runs of each look's values: what the usual own error does not explain.

    That is the harmonic mean of the points' own variances: a few wide intervals must not seem to explain the scatter of
    all points.

    Args:
        values: Of `gather`.
        own: Their variances, likewise; above 0.
        counts: How many values each look has.
    """
    filled = np.where(np.isfinite(values), values, 0)
    squares = (filled**2).sum(axis=1) / counts - (filled.sum(axis=1) / counts) ** 2
    between: Floats = np.maximum(squares - counts / (1 / own).sum(axis=1), 0)
    return between


def find_changes(series: Sequence[Series], tail: float) -> Found:
    """Return the changes of level in the series of one host.

    Args:
        series: Each of one value or more.
        tail: Of `bench.stats.change_limits`.
    """
    search = _Search(series, tail)
    last = max(int(cell.runs[-1]) for cell in series)
    block = max(1, BLOCK_LOOKS // len(series))
    found: list[Change] = []
    run = 0
    while run <= last:
        runs = np.arange(run, min(run + block, last + 1))
        changes = search.look(runs)
        for change in changes:
            search.accept(change)
        found += changes
        run = int(series[changes[0].series].runs[changes[0].found]) + 1 if changes else int(runs[-1]) + 1
    return Found(tuple(found), tuple(search.estimate_autocorrelation(np.array([last]))[:, 0].tolist()))
