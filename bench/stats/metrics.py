"""Metrics: what a repetition yields. A new one is a row here, and a reader if its value is no sample's.

Every row reaches the bundle's summary, `--json`, comparisons and the checks of policies by its name.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean, median
from types import MappingProxyType
from typing import Literal

from bench.errors import TooNoisyError
from bench.records.measurement import Measurement, Repetition
from bench.records.plan import Cell
from bench.records.summary import Interval
from bench.stats.interval import mean_interval, widen_to_range
from bench.stats.method import METHOD, Method
from bench.stats.scenarios import Scenario, find_scenario

LATENCY = "latency_s"
"""The metric that verdicts are on."""

Better = Literal["less", "more"]

Aggregation = Literal["mean", "median", "max", "first"]
"""How the values of repetitions become one: the geometric mean with its interval, or one value without an interval."""


@dataclass(frozen=True)
class Metric:
    """What a repetition yields.

    Attributes:
        name: With its unit, as in the summary and in a policy's `performance.<name>`.
        unit: `s`, `per_s`, `bytes`; empty for a count.
        better: Whether less or more of it is wanted.
        aggregation: How the values of repetitions are summarized.
        read: A repetition's value, given the cell's scenario; None if it has none.
        reader: `module:function` that returns a running total, called by the worker before and after the timed part.
            The difference is the instance's reading of this name. Empty if the value comes from elsewhere.
        column: Header of its column in tables of results and comparisons; empty if it has none.
    """

    name: str
    unit: str
    better: Better
    aggregation: Aggregation
    read: Callable[[Repetition, Scenario], float | None]
    reader: str = ""
    column: str = ""


def sum_reading(name: str) -> Callable[[Repetition, Scenario], float | None]:
    """Return a function that sums the readings of a repetition's instances; None if an instance lacks the reading."""

    def read(repetition: Repetition, _: Scenario) -> float | None:
        values = [instance.readings.get(name) for instance in repetition.instances]
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None

    return read


def _latency_s(repetition: Repetition, scenario: Scenario) -> float:
    """Return the mean over instances: a repetition is one observation, however many instances it has."""
    return fmean([scenario.latency_s(instance) for instance in repetition.instances])


def _throughput_per_s(repetition: Repetition, scenario: Scenario) -> float:
    return scenario.throughput_per_s(repetition.instances)


def _peak_memory_bytes(repetition: Repetition, _: Scenario) -> float:
    return max(instance.peak_run_bytes for instance in repetition.instances)


def _energy_per_item_j(repetition: Repetition, _: Scenario) -> float | None:
    """Return the joules an item. Each instance reads the counters of whole packages, so the largest reading is of all."""
    readings = [instance.readings.get("energy_per_item_j") for instance in repetition.instances]
    known = [reading for reading in readings if reading is not None]
    if len(known) < len(readings) or max(known) <= 0:
        return None
    items = sum(
        sample.iterations * instance.items_per_iteration
        for instance in repetition.instances
        for sample in instance.samples
    )
    return max(known) / items if items else None


def _first_call_s(repetition: Repetition, _: Scenario) -> float:
    return median(instance.first_call_s for instance in repetition.instances)


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            Metric("latency_s", "s", "less", "mean", _latency_s),
            Metric("throughput_per_s", "per_s", "more", "mean", _throughput_per_s),
            Metric("peak_memory_bytes", "bytes", "less", "max", _peak_memory_bytes, column="memory"),
            # Only the first repetition finds compilers' caches empty.
            Metric("first_call_s", "s", "less", "first", _first_call_s),
            # Pages that the kernel had to give the process while it was timed: what allocators differ in.
            Metric(
                "minor_faults",
                "",
                "less",
                "median",
                sum_reading("minor_faults"),
                reader="bench.measure.readings:count_minor_faults",
            ),
            # Of whole packages, in the timed part, whatever else runs on them.
            Metric(
                "energy_per_item_j",
                "J",
                "less",
                "mean",
                _energy_per_item_j,
                reader="bench.measure.energy:read_energy_j",
            ),
        )
    }
)


def find_readers() -> Iterator[tuple[str, str]]:
    """Return the names and readers of the metrics that workers read beside their samples."""
    return ((metric.name, metric.reader) for metric in METRICS.values() if metric.reader)


def find_column_metrics(values: Iterable[Container[str]]) -> list[Metric]:
    """Return the metrics that have a column of their own in tables, of those that any of some lines has."""
    listed = list(values)
    return [metric for metric in METRICS.values() if metric.column and any(metric.name in line for line in listed)]


def read_metric(cell: Cell, repetitions: Iterable[Repetition], metric: str) -> list[float]:
    """Return a metric's values of the repetitions that have one, in order."""
    return [value for _, value in _read_each(cell, repetitions, metric)]


def repetition_values(measurement: Measurement, cell: Cell, metric: str = LATENCY) -> dict[int, float]:
    """Return a metric's value of each valid repetition, by the repetition's index."""
    valid = (repetition for repetition in measurement.repetitions if not repetition.invalid)
    return dict(_read_each(cell, valid, metric))


def read_metrics(cell: Cell, used: Sequence[Repetition], first: Repetition) -> dict[str, list[float]]:
    """Return the values of every metric that the repetitions have.

    Args:
        cell: Of the plan.
        used: The repetitions that numbers rest on.
        first: Of the cell, used or not.
    """
    values = {
        metric.name: read_metric(cell, [first] if metric.aggregation == "first" else used, metric.name)
        for metric in METRICS.values()
    }
    return {name: found for name, found in values.items() if found}


def summarize_metrics(
    values: Mapping[str, Sequence[float]], *, confidence: float, noisy: bool, method: Method = METHOD
) -> dict[str, Interval]:
    """Return the summary of every metric. One without an interval has its point as both ends.

    Args:
        values: Of repetitions, by `read_metrics`.
        confidence: Of intervals.
        noisy: Noise that lasts is no scatter about a mean: intervals are widened to hold every repetition.
        method: Of the summary.
    """
    summaries: dict[str, Interval] = {}
    for name, found in values.items():
        with suppress(TooNoisyError):  # one that has no mean, such as a rate of 0, has no summary
            aggregation = METRICS[name].aggregation
            summary = _aggregate(aggregation, found, confidence, method)
            summaries[name] = widen_to_range(summary, found) if noisy and aggregation == "mean" else summary
    return summaries


def _read_each(cell: Cell, repetitions: Iterable[Repetition], metric: str) -> Iterator[tuple[int, float]]:
    """Yield index and value of each repetition that has one."""
    read, scenario = METRICS[metric].read, find_scenario(cell.scenario)
    for repetition in repetitions:
        value = read(repetition, scenario)
        if value is not None:
            yield repetition.index, value


def _aggregate(aggregation: Aggregation, values: Sequence[float], confidence: float, method: Method) -> Interval:
    if aggregation == "mean":
        return mean_interval(values, confidence=confidence, method=method)
    point = max(values) if aggregation == "max" else median(values)  # of the first alone, its own value
    return Interval(point=point, low=point, high=point)
