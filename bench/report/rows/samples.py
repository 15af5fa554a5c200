"""The rows of the raw samples: what each repetition of a cell measured, warm-up apart."""

from collections.abc import Iterable, Iterator

from bench.records.bundle import Contents
from bench.records.machine import Count
from bench.records.measurement import Measurement, Repetition, Sample
from bench.records.plan import CellId
from bench.records.record import Record


class RepetitionRow(Record, frozen=True, kw_only=True):
    """The samples of one repetition, instance by instance.

    Attributes:
        index: From 0, invalid ones counted.
        invalid: Codes of why it is not used; empty if it is.
        warmup_s, samples_s: Seconds per iteration of each sample in order, a tuple for each instance.
    """

    index: Count
    invalid: tuple[str, ...]
    warmup_s: tuple[tuple[float, ...], ...]
    samples_s: tuple[tuple[float, ...], ...]


class SamplesRow(Record, frozen=True, kw_only=True):
    """All samples of one cell."""

    cell: CellId
    repetitions: tuple[RepetitionRow, ...]


def make_samples_rows(contents: Contents) -> Iterator[SamplesRow]:
    """Return a row for each cell of which a repetition was made, in the order of the measurements."""
    for measurement in contents.measurements:
        if measurement.repetitions:
            yield SamplesRow(cell=measurement.cell, repetitions=tuple(_make_repetitions(measurement)))


def _make_repetitions(measurement: Measurement) -> Iterator[RepetitionRow]:
    for repetition in measurement.repetitions:
        yield RepetitionRow(
            index=repetition.index,
            invalid=repetition.invalid,
            warmup_s=_per_iteration(repetition, "warmup"),
            samples_s=_per_iteration(repetition, "samples"),
        )


def _per_iteration(repetition: Repetition, part: str) -> tuple[tuple[float, ...], ...]:
    blocks: Iterable[tuple[Sample, ...]] = (getattr(instance, part) for instance in repetition.instances)
    return tuple(tuple(sample.elapsed_ns / sample.iterations / 1e9 for sample in samples) for samples in blocks)
