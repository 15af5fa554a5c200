"""Which intervals correlated repetitions get: coverage and width of each method, over made-up series of repetitions.

    python -m tests.benchmarks.intervals [SERIES]

Repetitions are a first-order autoregression with a standard deviation of 1% of the latency. Bench's own code makes the
intervals. Nothing is asserted: the table is printed.
"""

import sys
from collections.abc import Iterator

import numpy as np
from tabulate import tabulate

from bench.errors import TooNoisyError
from bench.stats.interval import mean_interval
from bench.stats.method import METHODS, Method

SCATTER = 0.01
BURN_IN = 60
"""Values before the first repetition that counts: with a correlation of 0.9, 0.2% of the start is left."""


def main() -> None:
    """Print the table."""
    series = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    lines = [
        (repetitions, correlation, *describe(repetitions, correlation, series))
        for repetitions in (5, 8, 20)
        for correlation in (0.0, 0.5, 0.7, 0.9)
    ]
    columns = [f"{name}: {what}" for name in METHODS for what in ("coverage", "mean ±", "99th percentile ±")]
    print(tabulate(lines, headers=["repetitions", "correlation", *columns], tablefmt="github"))


def describe(repetitions: int, correlation: float, series: int) -> Iterator[str]:
    """Yield coverage, mean and 99th percentile of the half width of 95% intervals of each method."""
    made = make_series(np.random.default_rng(7), repetitions, correlation, series)
    for method in METHODS.values():
        found = [judge(values, method) for values in made.tolist()]
        widths = [width for _, width in found]
        yield f"{np.mean([holds for holds, _ in found]):.1%}"
        yield f"{np.mean(widths):.1%}"
        yield f"{np.quantile(widths, 0.99):.1%}"


def judge(values: list[float], method: Method) -> tuple[bool, float]:
    """Return whether the interval of one series holds the truth, 1, and half its width."""
    try:
        found = mean_interval(values, confidence=0.95, method=method)
    except TooNoisyError:
        return True, np.inf
    return found.low <= 1 <= found.high, found.half_width_ratio


def make_series(
    rng: np.random.Generator, repetitions: int, correlation: float, series: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return latencies about 1, shape (series, repetitions)."""
    steps = rng.standard_normal((BURN_IN + repetitions, series)) * np.sqrt(1 - correlation**2)
    values = np.zeros_like(steps)
    for place in range(1, len(steps)):
        values[place] = correlation * values[place - 1] + steps[place]
    return np.exp(SCATTER * values[BURN_IN:].T)


if __name__ == "__main__":
    main()
