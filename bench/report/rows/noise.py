"""The rows of the noise: the most that disturbed each cell while it was timed."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from bench.records.bundle import Contents
from bench.records.machine import Count
from bench.records.plan import CellId
from bench.records.record import Record

NumberT = TypeVar("NumberT", int, float)


class NoiseRow(Record, frozen=True, kw_only=True):
    """The noise of one cell: the largest value of any instance in any repetition that the numbers rest on.

    None means that the kernel does not show it. `bench.records.measurement.Noise` defines the readings.

    Attributes:
        frequency_min_hz: The lowest frequency that was read.
        invalid: Code → how many repetitions noise voided for it.
    """

    cell: CellId
    steal_ratio: float | None
    foreign_ratio: float | None
    throttled_s: float | None
    cpu_pressure_s: float | None
    involuntary_switches: Count | None
    migrations: Count | None
    major_faults: Count | None
    frequency_min_hz: Count | None
    invalid: dict[str, Count]


def make_noise_rows(contents: Contents) -> Iterator[NoiseRow]:
    """Return a row for each cell of which a repetition was made; of a cell without a valid one, from its invalid ones."""
    for measurement in contents.measurements:
        repetitions = measurement.repetitions
        used = [repetition for repetition in repetitions if not repetition.invalid] or list(repetitions)
        noises = [instance.noise for repetition in used for instance in repetition.instances]
        if not noises:
            continue
        codes = [code for repetition in repetitions for code in repetition.invalid]
        yield NoiseRow(
            cell=measurement.cell,
            steal_ratio=_largest(noise.steal_ratio for noise in noises),
            foreign_ratio=_largest(noise.foreign_ratio for noise in noises),
            throttled_s=_largest(noise.throttled_s for noise in noises),
            cpu_pressure_s=_largest(noise.cpu_pressure_s for noise in noises),
            involuntary_switches=_largest(noise.involuntary_switches for noise in noises),
            migrations=_largest(noise.migrations for noise in noises),
            major_faults=_largest(noise.major_faults for noise in noises),
            frequency_min_hz=min(
                (noise.frequency_min_hz for noise in noises if noise.frequency_min_hz is not None), default=None
            ),
            invalid={code: codes.count(code) for code in sorted(set(codes))},
        )


def _largest(values: Iterable[NumberT | None]) -> NumberT | None:
    return max((value for value in values if value is not None), default=None)
