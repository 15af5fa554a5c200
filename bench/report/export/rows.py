"""The rows of exported tables: one for each cell, or one for each sample."""

from collections.abc import Iterable, Iterator

from bench.records.measurement import InstanceResult, Measurement, Repetition
from bench.report.export.columns import CELL_COLUMNS, IDENTITY_COLUMNS, ExportedCell, Row, Scalar
from bench.report.export.run import ExportedRun


def find_cells(run: ExportedRun) -> Iterator[ExportedCell]:
    """Yield all cells of a run in the order of its plan, those without numbers too."""
    summaries = {summary.cell: summary for summary in run.contents.summary.cells}
    measurements = {measurement.cell: measurement for measurement in run.contents.measurements}
    for cell in run.contents.plan.cells:
        yield ExportedCell(run, cell, summaries.get(cell.id), measurements.get(cell.id))


def make_cell_rows(runs: Iterable[ExportedRun]) -> Iterator[Row]:
    """Yield a row for each cell of some runs."""
    for run in runs:
        for cell in find_cells(run):
            yield {column.name: column.read(cell) for column in CELL_COLUMNS}


def make_sample_rows(runs: Iterable[ExportedRun]) -> Iterator[Row]:
    """Yield a row for each sample of some runs, also of invalid repetitions and of cells that failed later."""
    for run in runs:
        for cell in find_cells(run):
            if cell.measurement is not None:
                identity = {column.name: column.read(cell) for column in IDENTITY_COLUMNS}
                yield from _make_samples(identity, cell.measurement)


def _make_samples(identity: Row, measurement: Measurement) -> Iterator[Row]:
    for repetition in measurement.repetitions:
        for place, instance in enumerate(repetition.instances):
            yield from _make_instance_samples(identity, repetition, place, instance)


def _make_instance_samples(
    identity: Row, repetition: Repetition, place: int, instance: InstanceResult
) -> Iterator[dict[str, Scalar]]:
    for stage, samples in (("warmup", instance.warmup), ("timed", instance.samples)):
        for index, sample in enumerate(samples):
            yield {
                **identity,
                "repetition": repetition.index,
                "instance": place,
                "invalid": " ".join(repetition.invalid),
                "stage": stage,
                "sample": index,
                "start_ns": sample.start_ns,
                "elapsed_ns": sample.elapsed_ns,
                "iterations": sample.iterations,
                "latency_s": sample.elapsed_ns / sample.iterations / 1e9,
            }
