"""What a stage cost each of its arms: a number a repetition, of which less is better."""

from collections.abc import Callable, Mapping, Sequence
from math import exp, fsum, log
from types import MappingProxyType
from typing import NamedTuple

from bench.records.bundle import Contents
from bench.records.measurement import Measurement, Repetition
from bench.records.plan import Cell
from bench.records.tuning import AimName
from bench.stats.metrics import METRICS
from bench.stats.scenarios import Scenario, find_scenario

Costs = Mapping[int, float]
"""Index of a valid repetition → cost. Repetitions of equal index were measured side by side."""

Read = Callable[[Repetition, Scenario], float | None]


class ArmCosts(NamedTuple):
    """What was measured of an arm.

    Attributes:
        costs: By the aim; empty for an arm that failed.
        limited: Seconds of what the limit is on, the slowest cell of each repetition; empty without a limit.
    """

    costs: Costs
    limited: Costs = MappingProxyType({})


def read_costs(contents: Contents) -> tuple[ArmCosts, ...]:
    """Return what a stage cost its arms, in their order.

    Several cells of an arm make one number, their geometric mean: each counts the same, however long it takes
    (Fleming and Wallace, CACM 29(3), 1986).

    A race, which makes no claim, also takes noisy repetitions of a cell that has no valid one: on a noisy host the best
    arm would fall for its bad luck.

    Args:
        contents: Of a stage's bundle.
    """
    tuning = contents.tuning
    if tuning is None:
        return ()
    measurements = {measurement.cell: measurement for measurement in contents.measurements}
    noisy = tuning.stage == "race"

    def read_cells(cells: Sequence[Cell], aim: AimName) -> list[Costs]:
        return [_read_cell(cell, measurements.get(cell.id), COSTS[aim], noisy=noisy) for cell in cells]

    arms = []
    for variant in contents.plan.variants:
        cells = [cell for cell in contents.plan.cells if cell.variant == variant.name]
        limited = [] if tuning.limit is None else read_cells(cells, tuning.limit.metric)
        arms.append(ArmCosts(_join(read_cells(cells, tuning.aim), _geometric_mean), _join(limited, max)))
    return tuple(arms)


def _seconds_an_item(repetition: Repetition, scenario: Scenario) -> float | None:
    rate = METRICS["throughput_per_s"].read(repetition, scenario)
    return 1 / rate if rate else None


def _p99_s(repetition: Repetition, _: Scenario) -> float | None:
    import numpy as np

    samples = [sample for instance in repetition.instances for sample in instance.samples]
    return float(np.quantile([sample.elapsed_ns / sample.iterations for sample in samples], 0.99)) / 1e9


COSTS: Mapping[AimName, Read] = MappingProxyType(
    {
        "latency": METRICS["latency_s"].read,
        "throughput": _seconds_an_item,
        "p99": _p99_s,
        # Items a second for each watt are items for each joule.
        "throughput-per-watt": METRICS["energy_per_item_j"].read,
    }
)
"""Aim → its cost. For p99 each sample is one iteration (`bench.tune.stages`)."""


def _read_cell(cell: Cell, measurement: Measurement | None, read: Read, *, noisy: bool) -> Costs:
    """Return the costs of a cell's valid repetitions, or of all if none is valid and noisy ones will do."""
    if measurement is None or measurement.failure is not None:
        return {}
    used = [repetition for repetition in measurement.repetitions if not repetition.invalid]
    if not used and noisy:
        used = list(measurement.repetitions)
    found = {repetition.index: read(repetition, find_scenario(cell.scenario)) for repetition in used}
    return {index: value for index, value in found.items() if value is not None}


def _join(cells: Sequence[Costs], join: Callable[[Sequence[float]], float]) -> Costs:
    """Return one number for each repetition that is valid in all cells."""
    shared = set[int]().union(*cells[:1]).intersection(*cells[1:])
    return {index: join([cell[index] for cell in cells]) for index in sorted(shared)}


def _geometric_mean(values: Sequence[float]) -> float:
    return exp(fsum(map(log, values)) / len(values))
