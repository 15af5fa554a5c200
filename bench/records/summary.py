"""Summaries: the statistics made from measurements. `bench verify` makes them again and compares."""

from typing import Annotated, Literal

from msgspec import Meta

from bench.records.machine import Count
from bench.records.plan import CellId
from bench.records.reason import Reason
from bench.records.record import Record

MetricName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z")]

MethodName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,30}/[1-9][0-9]{0,3}\Z")]
"""A statistical method with its version: a bundle is verified by the method that made its summary."""

Mark = Literal[
    "steady_state_not_reached",
    "sliding",
    "wide_latency",
    "wide_throughput",
    "single_repetition",
    "few_repetitions",
    "above_peak",
    "noisy_host",
]
"""What a reader of a cell's numbers must know.

`steady_state_not_reached`: neither the warm-up nor the samples of some instance showed it. `sliding`: in some instance
the last third of samples differs from the first. `wide_latency`, `wide_throughput`: the interval is wider than the
policy asks for. `single_repetition`, `few_repetitions`: too few for an interval, which is the range of repetitions.
`above_peak`: faster than the run's own probes of the layout allow. `noisy_host`: no repetition is valid, and the numbers
rest on invalid ones.
"""

TOO_FEW: tuple[Mark, ...] = ("single_repetition", "few_repetitions")
"""Marks of a cell whose repetitions are too few for an interval."""


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
        repetitions: Those that the numbers rest on.
        invalid_repetitions: Those that noise voided.
        samples: Of the repetitions that the numbers rest on.
        metrics: Rows of `bench.stats.metrics` by name. A metric that has no interval has its point as both ends.
        unit: What throughput counts.
        latency_percentiles_s: `p50`, `p90`, `p99` of all samples.
        detectable_ratio: The smallest change between two such measurements that 80% of comparisons would show at the
            interval's confidence; None of repetitions that are too few for a verdict.
        roofline_ratio: Share of the peak that sets the least time of an iteration, which was reached. Above 1 where an
            algorithm needs fewer operations than are counted. None if nothing is counted, or no probe measured peaks.
        bound_by: `compute` or `memory`: which peak that is.
        cold_s: Import, build, prepare, compile, load and first call, as medians over repetitions.
        stages_s: Stages of a training step → seconds, as medians; empty for inference.
        outliers: Samples beyond the quartiles by three interquartile ranges: counted, and kept.
        marks: What a reader must know of these numbers.
    """

    cell: CellId
    repetitions: Count
    invalid_repetitions: Count
    samples: Count
    metrics: dict[MetricName, Interval]
    unit: str
    latency_percentiles_s: dict[str, float]
    detectable_ratio: float | None
    roofline_ratio: float | None
    bound_by: str | None
    cold_s: dict[str, float]
    stages_s: dict[str, float]
    outliers: Count
    marks: tuple[Mark, ...] = ()

    @property
    def latency_s(self) -> Interval:
        """Seconds an iteration: geometric mean over repetitions of each one's own value."""
        return self.metrics["latency_s"]

    @property
    def throughput_per_s(self) -> Interval:
        """Items a second of all instances together, in the window that they shared."""
        return self.metrics["throughput_per_s"]

    @property
    def peak_memory_bytes(self) -> int:
        """Largest of any instance."""
        return int(self.metrics["peak_memory_bytes"].point)


class Drift(Record, frozen=True, kw_only=True):
    """How much the probes of one layout changed during the run.

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
        method: How it was made from the samples; verification dispatches on it.
        cells: Those with a number, in the plan's order.
        failed: Cell → why it has none: the code of its failure, or `not_measured`, or `too_noisy`.
        drift: Per layout that was probed more than once.
    """

    method: MethodName
    cells: tuple[CellSummary, ...]
    failed: dict[CellId, Reason]
    drift: tuple[Drift, ...]
