"""The rows of a run's table: one per cell with numbers, one per cell without."""

from collections.abc import Iterator

from bench.records.bundle import Contents
from bench.records.case import Case
from bench.records.machine import Count
from bench.records.plan import CellId
from bench.records.profile import LayoutName
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.summary import CellSummary, Interval, Mark, MetricName
from bench.records.variant import VariantName


class CellRow(Record, frozen=True, kw_only=True):
    """The numbers of one cell.

    Attributes:
        side: Of an `ab` run; None in any other.
        instances: Worker processes at the same time.
        threads: Of each instance, ascending, without repeats.
        latency_s: Seconds per iteration.
        throughput_per_s: Items of `unit` per second, of all instances together.
        peak_compute_ratio: Share of the compute rate that the probes reached; None unless compute limits the cell.
        peak_bandwidth_ratio: Share of the memory bandwidth that the probes reached; None unless it limits the cell.
        first_call_s: The first call of the first repetition, which finds compiler caches empty.
        peak_memory_bytes: Largest of any instance.
        repetitions, samples: Valid ones; samples of all repetitions together.
        invalid_repetitions: Kept in the bundle, and not used.
        metrics: All metrics of the summary, by name.
        marks: What limits the trust in the numbers.
    """

    cell: CellId
    case: Case
    layout: LayoutName
    side: VariantName | None
    instances: Count
    threads: tuple[Count, ...]
    latency_s: Interval
    throughput_per_s: Interval
    unit: str
    peak_compute_ratio: float | None
    peak_bandwidth_ratio: float | None
    first_call_s: float
    peak_memory_bytes: Count
    repetitions: Count
    samples: Count
    invalid_repetitions: Count
    metrics: dict[MetricName, Interval]
    marks: tuple[Mark, ...]


class FailedRow(Record, frozen=True, kw_only=True):
    """One cell without numbers.

    Attributes:
        side: Of an `ab` run; None in any other.
        reason: Why it has none.
    """

    cell: CellId
    case: Case
    layout: LayoutName
    side: VariantName | None
    reason: Reason


class StagesRow(Record, frozen=True, kw_only=True):
    """One training step, split into its stages.

    Attributes:
        stages_s: Stage → seconds, medians over steps.
    """

    cell: CellId
    case: Case
    layout: LayoutName
    side: VariantName | None
    stages_s: dict[str, float]


def make_cell_rows(contents: Contents) -> Iterator[CellRow]:
    """Return a row for each cell with numbers, in the order of the plan."""
    cells = {cell.id: cell for cell in contents.plan.cells}
    for summary in contents.summary.cells:
        cell = cells[summary.cell]
        yield CellRow(
            cell=cell.id,
            case=cell.case,
            layout=cell.layout,
            side=cell.variant,
            instances=len(cell.instances),
            threads=tuple(sorted({binding.threads for binding in cell.instances})),
            latency_s=summary.latency_s,
            throughput_per_s=summary.throughput_per_s,
            unit=summary.unit,
            peak_compute_ratio=_share_of_peak(summary, "compute"),
            peak_bandwidth_ratio=_share_of_peak(summary, "memory"),
            first_call_s=summary.cold_s["first_call"],
            peak_memory_bytes=summary.peak_memory_bytes,
            repetitions=summary.repetitions,
            samples=summary.samples,
            invalid_repetitions=summary.invalid_repetitions,
            metrics=summary.metrics,
            marks=summary.marks,
        )


def make_failed_rows(contents: Contents) -> Iterator[FailedRow]:
    """Return a row for each cell without numbers, in the order of the plan."""
    failed = contents.summary.failed
    for cell in contents.plan.cells:
        if cell.id in failed:
            yield FailedRow(cell=cell.id, case=cell.case, layout=cell.layout, side=cell.variant, reason=failed[cell.id])


def make_stages_rows(contents: Contents) -> Iterator[StagesRow]:
    """Return a row for each training cell whose steps were split into stages."""
    cells = {cell.id: cell for cell in contents.plan.cells}
    for summary in contents.summary.cells:
        if summary.stages_s:
            cell = cells[summary.cell]
            yield StagesRow(
                cell=cell.id, case=cell.case, layout=cell.layout, side=cell.variant, stages_s=summary.stages_s
            )


def _share_of_peak(summary: CellSummary, limit: str) -> float | None:
    # A cell is compared with one peak only: the one that limits it, by its operations and its traffic.
    return summary.roofline_ratio if summary.bound_by == limit else None
