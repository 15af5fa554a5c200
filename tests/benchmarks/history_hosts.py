"""Synthetic histories: a run each night, of cells that share what the host does to a whole run."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bench.stats.change_points import Series

Array = NDArray[np.float64]

SCATTER = 0.01
"""Standard deviation between runs, of logarithms."""

OWN = 0.003
"""Standard error of a run's own value, by its repetitions."""

WIDE_SHARE, WIDE_FACTOR = 0.05, 5.0
"""Share of runs whose intervals are wide, and by how much."""

SHARED = 0.5
"""Correlation of two cells' offsets in one run."""


def white(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return deviations that are normal and independent."""
    return rng.normal(size=shape)


def drifting(rng: np.random.Generator, shape: tuple[int, int], coefficient: float = 0.5) -> Array:
    """Return deviations of a host that drifts: a first-order autoregression."""
    steps = rng.normal(size=shape) * np.sqrt(1 - coefficient**2)
    steps[:, 0] /= np.sqrt(1 - coefficient**2)
    for run in range(1, shape[1]):
        steps[:, run] += coefficient * steps[:, run - 1]
    return steps


def slowly_drifting(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return deviations that are half independent, and half those of a host whose drift lasts for weeks."""
    return np.sqrt(0.5) * (white(rng, shape) + drifting(rng, shape, 0.9))


def two_speeds(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return deviations of a host of which a quarter of runs is 8% slower."""
    return rng.normal(size=shape) + (rng.random(shape) < 0.25) * 8


def outliers(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return deviations of a host of which a tenth of runs is 12% slower."""
    return rng.normal(size=shape) + (rng.random(shape) < 0.1) * 12


def heavy_tails(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return deviations of Student's distribution with three degrees of freedom."""
    return rng.standard_t(3, shape) / np.sqrt(3)


def mixed(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return deviations of cells of which the first quarter drifts, and the others do not."""
    made = white(rng, shape)
    part = shape[0] // 4
    made[:part] = drifting(rng, (part, shape[1]))
    return made


HOSTS: Mapping[str, Callable[[np.random.Generator, tuple[int, int]], Array]] = MappingProxyType(
    {
        "white": white,
        "drifting": drifting,
        "slowly drifting": slowly_drifting,
        "mixed": mixed,
        "two speeds": two_speeds,
        "outliers": outliers,
        "heavy tails": heavy_tails,
    }
)


def make_history(  # noqa: PLR0917 - a row of a table
    host: str, rng: np.random.Generator, cells: int, runs: int, step: float = 0.0, at: int = 0
) -> tuple[Array, Array]:
    """Return the logarithms and their variances, each of shape (cells, runs).

    Args:
        host: A key of `HOSTS`.
        rng: Source of randomness.
        cells: How many share each run.
        runs: How many there are.
        step: Change of every cell, as a share.
        at: Number of the first run after it.
    """
    make = HOSTS[host]
    alone, together = make(rng, (cells, runs)), make(rng, (1, runs))
    own = OWN * np.where(rng.random((cells, runs)) < WIDE_SHARE, WIDE_FACTOR, 1.0)
    logs = SCATTER * (np.sqrt(1 - SHARED) * alone + np.sqrt(SHARED) * together) + rng.normal(size=(cells, runs)) * own
    logs[:, at:] += np.log1p(step)
    return logs, own**2


def as_series(logs: Array, variances: Array) -> list[Series]:
    """Return the cells of a history as the search takes them."""
    runs = np.arange(logs.shape[1])
    return [Series(runs, *cell) for cell in zip(logs, variances, strict=True)]
