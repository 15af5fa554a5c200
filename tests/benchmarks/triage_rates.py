"""How often a triage calls a good machine slow or suspect, and how often it finds a slow one.

    python -m tests.benchmarks.triage_rates [--fleets N]

Synthetic fleets, judged by bench's own code on all cores. Good machines scatter by 1% between them (standard deviation), half
of its variance shared by all cells of a machine or as stated. Nothing is asserted.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from math import log, sqrt
from multiprocessing import get_context
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from tabulate import tabulate

from bench.stats.odd_machines import Deviation, Value, find_deviations

Array = NDArray[np.float64]

LEVEL = 0.01
SCATTER = 0.01
"""Standard deviation of good machines."""

OWN = 0.002
"""Standard deviation of a machine's number by its own repetitions; part of the scatter."""

CELLS = 14
SEED = 20
SLOWNESS = (0.03, 0.05, 0.08)


def _mix(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Nine machines of ten alike, and one that scatters by three times as much."""
    return rng.standard_normal(shape) * np.where(rng.random(shape) < 0.1, 3, 1) / sqrt(1.8)


SCATTERS: Mapping[str, Callable[[np.random.Generator, tuple[int, ...]], Array]] = MappingProxyType(
    {
        "normal": lambda rng, shape: rng.standard_normal(shape),
        "t, 5 degrees of freedom": lambda rng, shape: rng.standard_t(5, shape) / sqrt(5 / 3),
        "Laplace": lambda rng, shape: rng.laplace(size=shape) / sqrt(2),
        "mixed": _mix,
        "t, 4 degrees of freedom": lambda rng, shape: rng.standard_t(4, shape) / sqrt(2),
        "lognormal": lambda rng, shape: (np.exp(0.5 * rng.standard_normal(shape)) - 1.133) / 0.604,
    }
)
"""Unit standard deviation; the last two are beyond what is promised."""

PROMISED = frozenset({"normal", "t, 5 degrees of freedom"})
"""For which the level is stated: four times as many fleets, so that the interval tells."""


class Fleet(NamedTuple):
    """How a fleet is made.

    Attributes:
        scatter: A name in `SCATTERS`.
        shared: Share of the variance that all cells of a machine have in common.
        slow: Machines that are slower.
        slowness: By which share.
        slow_cells: In so many cells, the first ones.
        size: Standard deviation between good machines.
    """

    machines: int
    scatter: str
    cells: int = CELLS
    shared: float = 0.5
    slow: int = 0
    slowness: float = 0.0
    slow_cells: int = 0
    size: float = SCATTER


class Rates(NamedTuple):
    """What came of some fleets.

    Attributes:
        false: Share of fleets in which a good machine is called slow.
        suspected: Share of fleets in which a good machine is suspect or slow.
        found: Share of slow machines that are called slow.
        noticed: Share of slow machines that are suspect or slow.
        could_suspect: Median of the smallest slowness that mostly makes suspect, in one cell.
    """

    false: float
    suspected: float
    found: float
    noticed: float
    could_suspect: float


def make_logs(fleet: Fleet, rng: np.random.Generator) -> Array:
    """Logarithms of latencies: machines × cells. The first machines are the slow ones."""
    draw = SCATTERS[fleet.scatter]
    each = sqrt(1 - fleet.shared) * draw(rng, (fleet.machines, fleet.cells))
    logs = fleet.size * (sqrt(fleet.shared) * draw(rng, (fleet.machines, 1)) + each)
    logs[: fleet.slow, : fleet.slow_cells] += log(1 + fleet.slowness)
    return logs


def judge(logs: Array) -> dict[str, dict[str, Deviation]]:
    """The deviations of a fleet, as `bench triage` computes them."""
    cells = {
        f"cell {cell}": {f"{machine:05d}": Value(float(value), OWN**2) for machine, value in enumerate(column)}
        for cell, column in enumerate(logs.T)
    }
    return find_deviations(cells, level=LEVEL)


def find_worse(deviations: Mapping[str, Mapping[str, Deviation]], *, suspect: bool) -> set[int]:
    """The machines that are called slow, or at least suspect."""
    return {
        int(name)
        for found in deviations.values()
        for name, deviation in found.items()
        if (deviation.suspect if suspect else deviation.odd) and deviation.difference > 0
    }


def measure(fleet: Fleet, fleets: int) -> Rates:
    """Make and judge some fleets."""
    with get_context("fork").Pool() as pool:
        rows = np.array(pool.map(partial(measure_one, fleet), range(fleets), chunksize=10))
    return Rates(*np.mean(rows[:, :4], axis=0).tolist(), could_suspect=float(np.exp(np.median(rows[:, 4])) - 1))


def measure_one(fleet: Fleet, number: int) -> list[float]:
    """Make and judge one fleet; the rows' means are `Rates`, but for the last, a logarithm."""
    deviations = judge(make_logs(fleet, np.random.default_rng([SEED, number])))
    worse = [find_worse(deviations, suspect=suspect) for suspect in (False, True)]
    return [
        *(float(any(machine >= fleet.slow for machine in found)) for found in worse),
        *(sum(machine < fleet.slow for machine in found) / max(1, fleet.slow) for found in worse),
        deviations["cell 0"][f"{fleet.machines - 1:05d}"].could_suspect,
    ]


def report_false_alarms(fleets: int) -> None:
    """Print how often any good machine of a fleet is called slow, or suspect."""
    rows = []
    for scatter in SCATTERS:
        for machines, cells in ((4, CELLS), (10, CELLS), (40, 1), (40, CELLS), (200, CELLS)):
            count = fleets * (4 if scatter in PROMISED else 1) // (4 if machines == 200 else 1)
            row: dict[str, object] = {"scatter": scatter, "machines": machines, "cells": cells, "fleets": count}
            for shared in (0.0, 0.5) if cells > 1 else (0.0,):
                rates = measure(Fleet(machines, scatter, cells, shared), count)
                row[f"slow, {shared:.0%} shared"] = describe(rates.false, count)
                if shared == (0.5 if cells > 1 else 0.0):
                    row["suspect"] = f"{rates.suspected:.1%}"
            rows.append(row)
    print_table(f"Fleets of good machines in which any is called slow; stated: {LEVEL:.0%}", rows)


def report_power(fleets: int) -> None:
    """Print how often slow machines are found."""
    rows = []
    for scatter, size, machines, slow, cells, fleet in make_slow_fleets():
        row = {
            "scatter": f"{scatter}, {size:.1%}",
            "machines": machines,
            "slow": f"{slow} in {'one cell' if cells == 1 else 'all cells'}",
        }
        for slowness in SLOWNESS:
            rates = measure(fleet._replace(slowness=slowness), fleets)
            row[f"{slowness:.0%}"] = f"{rates.found:.0%} / {rates.noticed:.0%}"
        row["could suspect"] = f"{rates.could_suspect:.1%}"
        row["a good one slow"] = f"{rates.false:.1%}"
        rows.append(row)
    print_table("Slow machines that are called slow / slow or suspect", rows)


def make_slow_fleets() -> Iterator[tuple[str, float, int, int, int, Fleet]]:
    """Fleets with some slow machines."""
    for scatter in ("normal", "t, 5 degrees of freedom"):
        for size in (0.005, 0.01):
            for machines in (10, 40, 200):
                for slow, cells in ((1, 1), (1, CELLS), (machines // 10, CELLS)):
                    if slow > 1 or cells == 1 or machines // 10 > 1:
                        fleet = Fleet(machines, scatter, slow=slow, slow_cells=cells, size=size)
                        yield scatter, size, machines, slow, cells, fleet


def describe(share: float, count: int) -> str:
    """A share with its 95% interval."""
    interval = binomtest(round(share * count), count).proportion_ci(method="wilson")
    return f"{share:.1%} ({interval.low:.1%} to {interval.high:.1%})"


def print_table(title: str, rows: Iterable[Mapping[str, object]]) -> None:
    """Print rows as a table for Markdown."""
    print(f"\n{title}\n\n{tabulate(list(rows), headers='keys', tablefmt='github')}", flush=True)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fleets", type=int, default=500, help="simulated fleets of most rows")
    fleets: int = parser.parse_args().fleets
    report_false_alarms(fleets)
    report_power(max(4, 2 * fleets // 5))


if __name__ == "__main__":
    main()
