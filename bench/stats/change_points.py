"""Find the changes of level in the series of a host's cells, as they would have been found one run after another.

The search is run by run: what is found with the first runs of a history is found in the same place when more of them are
there. So a history may be looked at every day, or once at the end, and its false alarms are the same ones.

1. Points that carry wide intervals count for less: deviations are divided by their standard deviation, which is made of
   the scatter between runs and of the point's own error.
2. What a run has in common with the one before it is taken out by a first-order autoregression, whose coefficient is
   pooled over the cells of the host (`bench.stats.autocorrelation`). So a host that drifts needs a clearer change.
3. The newest end of the segment is searched for a split (`bench.stats.change_search`). A change ends the segment, and the
   values after it are the next one.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bench.stats.autocorrelation import UNSEEN, Floats, Ints, Sums, correlate, estimate, pool, sum_up
from bench.stats.change_search import SPLITS, WINDOW, find_splits, gather, make_critical, rank_sums

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
        autocorrelation: That was allowed for at the end.
    """

    changes: tuple[Change, ...]
    autocorrelation: float


class _Search:
    """The state of a search: where the current segment of each series begins."""

    def __init__(self, series: Sequence[Series], tail: float) -> None:
        self.series = series
        self.critical = make_critical(tail)
        self.sums: list[Sums] = [sum_up(one.values) for one in series]
        self.starts = [0] * len(series)
        self.closed: list[tuple[float, float]] = []
        sizes = [len(one.values) for one in series]
        self.offsets = np.cumsum([0, *sizes])[:-1]
        self.values = np.concatenate([one.values - one.values.mean() for one in series])
        self.variances = np.concatenate([one.variances for one in series])

    def estimate_autocorrelation(self, runs: Ints) -> Floats:
        """Return the correlation to allow for at each run, from the segments as they were then."""
        parts = [(np.full(len(runs), share), np.full(len(runs), count)) for share, count in self.closed]
        for one, sums, start in zip(self.series, self.sums, self.starts, strict=True):
            counts = np.searchsorted(one.runs, runs, side="right")
            ends = counts - np.minimum(UNSEEN, np.maximum(counts - start, 0) // 2)
            parts.append(correlate(sums, start, ends))
        return estimate(pool(parts))

    def look(self, runs: Ints) -> list[Change]:
        """Return the changes that the first of some runs shows that shows any."""
        looks = [
            (number, end)
            for number, one in enumerate(self.series)
            for end in range(*np.searchsorted(one.runs, (runs[0], runs[-1] + 1)))
            if end - self.starts[number] >= SPLITS[0]
        ]
        if not looks:
            return []
        numbers, ends = np.array(looks).T
        at = np.concatenate([self.series[number].runs[end : end + 1] for number, end in looks])
        correlations = self.estimate_autocorrelation(runs)[at - runs[0]]
        after = self._search(numbers, ends, correlations)
        alarms = after > 0
        if not alarms.any():
            return []
        first = at[alarms].min()
        return [
            Change(int(number), int(end - count + 1), int(end))
            for number, end, count in zip(
                *(part[alarms & (at == first)] for part in (numbers, ends, after)), strict=True
            )
        ]

    def _search(self, numbers: Ints, ends: Ints, correlations: Floats) -> Ints:
        """Return how many values are after the clearest split of each look; 0 where there is none."""
        starts = np.array(self.starts)[numbers]
        # A segment's first value has none before it that it could be compared with.
        counts = np.minimum(ends - starts, WINDOW)
        places = self.offsets[numbers] + ends
        newest, before = (gather(self.values, places - lag, counts) for lag in (0, 1))
        scatter = self._scatter(places, counts, ends - starts + 1)
        slope = correlations[:, None]
        with np.errstate(invalid="ignore"):
            innovations = newest - slope * before
            own, own_before = (gather(self.variances, places - lag, counts) for lag in (0, 1))
            scales = np.sqrt(scatter[:, None] + own + slope**2 * (scatter[:, None] + own_before))
            valid = np.isfinite(newest)
            center = np.where(valid, innovations, 0).sum(axis=1) / counts
            scaled = np.where(
                valid & (scales > 0), (innovations - center[:, None]) / np.where(scales > 0, scales, 1), np.inf
            )
        return find_splits(rank_sums(scaled, counts), counts, self.critical)

    def _scatter(self, places: Ints, counts: Ints, sizes: Ints) -> Floats:
        """Return the variance between runs of each look's window: what the values' own errors do not explain."""
        window = gather(self.values, places, counts)
        own = gather(self.variances, places, counts)
        valid = np.isfinite(window)
        filled = np.where(valid, window, 0)
        mean = filled.sum(axis=1) / counts
        squares = (filled**2).sum(axis=1) / counts - mean**2
        del sizes
        return np.maximum(squares - np.where(valid, own, 0).sum(axis=1) / counts, 0)

    def accept(self, change: Change) -> None:
        """End the segment of a series at a change."""
        share, count = correlate(self.sums[change.series], self.starts[change.series], np.array([change.first]))
        self.closed.append((float(share[0]), float(count[0])))
        self.starts[change.series] = change.first


def find_changes(series: Sequence[Series], tail: float) -> Found:
    """Return the changes of level in the series of one host.

    Args:
        series: Each of one value or more.
        tail: Of `bench.stats.change_limits`.
    """
    search = _Search(series, tail)
    last = max(int(one.runs[-1]) for one in series)
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
    return Found(tuple(found), float(search.estimate_autocorrelation(np.array([last]))[0]))
