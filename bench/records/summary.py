"""Summaries: the statistics made from measurements. `bench verify` makes them again and compares."""

from typing import Annotated

from msgspec import Meta

from bench.records.machine import Count
from bench.records.plan import CellId
from bench.records.record import Record


class Interval(Record, frozen=True, kw_only=True):
    """A point with the interval around it, in the unit that the field's name says."""

    point: float
    low: float
    high: float

    @property
    def half_width_ratio(self) -> float:
        """Half the interval's width as a share of the point."""
        return (self.high - self.low) / 2 / abs(self.point) if self.point else float("inf")


class CellSummary(Record, frozen=True, kw_only=True):
    """The numbers of one cell, from its valid repetitions.

    Attributes:
        repetitions, invalid_repetitions, samples: How many there are.
        latency_s: Seconds an iteration: mean over repetitions of each one's median.
        latency_percentiles_s: `p50`, `p90`, `p99` of all samples.
        throughput_per_s: Items a second of all instances together, in the window that they shared.
        unit: What is counted.
        detectable_ratio: The smallest change between two such measurements that 80% of comparisons
            would show at the interval's confidence.
        roofline_ratio: Share of the peak that sets the least time of an iteration, which was reached. Above 1 where an
            algorithm needs fewer operations than are counted. None if nothing is counted, or no probe measured peaks.
        bound_by: `compute` or `memory`: whose peak that is.
        cold_s: Import, build, prepare, compile, load and first call, as medians over repetitions.
        stages_s: Parts of a step of training → seconds, as medians; empty for inference.
        peak_memory_bytes: Largest of any instance.
        outliers: Samples beyond the quartiles by three interquartile ranges: counted, and kept.
    """

    cell: CellId
    repetitions: Count
    invalid_repetitions: Count
    samples: Count
    latency_s: Interval
    latency_percentiles_s: dict[str, float]
    throughput_per_s: Interval
    unit: str
    detectable_ratio: float | None
    roofline_ratio: float | None
    bound_by: str | None
    cold_s: dict[str, float]
    stages_s: dict[str, float]
    peak_memory_bytes: Count
    outliers: Count


class Drift(Record, frozen=True, kw_only=True):
    """How far the probes of one layout moved during the run.

    Attributes:
        compute_ratio, bandwidth_ratio: Largest over smallest, at least 1.
        probes: How many there are.
    """

    layout: str
    compute_ratio: Annotated[float, Meta(ge=1)]
    bandwidth_ratio: Annotated[float, Meta(ge=1)]
    probes: Count


class Summary(Record, frozen=True, kw_only=True):
    """`summary.json`.

    Attributes:
        cells: Those with a number, in the plan's order.
        failed: Cell → why it has none.
        drift: Per layout that was probed more than once.
    """

    cells: tuple[CellSummary, ...]
    failed: dict[str, str]
    drift: tuple[Drift, ...]
