"""What a cell is judged by: the values of its valid repetitions on either side, and what forbids a verdict."""

from collections.abc import Callable, Mapping

from bench.records.case import Case
from bench.records.measurement import Measurement, Repetition
from bench.records.plan import CellId
from bench.records.profile import LayoutName
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.verdict import Finding, HostMovement
from bench.stats.ratio import repetition_latency_s

Values = Mapping[int, float]
"""Index of each valid repetition → its value; of latency, seconds an iteration."""


class Evidence(Record, frozen=True, kw_only=True):
    """What there is to judge one cell by.

    Attributes:
        base, new: The cell's id on either side; None if the side has no such cell.
        base_values, new_values: Of each run of the side.
        refusals: Why there can be no verdict; empty if there can.
    """

    case: Case
    layout: LayoutName
    base: CellId | None
    new: CellId | None
    base_values: tuple[Values, ...] = ({},)
    new_values: tuple[Values, ...] = ({},)
    host_movement: HostMovement | None = None
    findings: tuple[Finding, ...] = ()
    refusals: tuple[Reason, ...] = ()

    @property
    def pairs(self) -> list[tuple[float, float]]:
        """Values of repetitions of equal index, base and new, of sides that were interleaved in one run."""
        base, new = self.base_values[0], self.new_values[0]
        return [(base[index], new[index]) for index in sorted(base.keys() & new.keys())]

    @property
    def sides(self) -> tuple[list[list[float]], list[list[float]]]:
        """Values of each run, in the order in which they were measured: base and new."""
        base, new = ([list(values.values()) for values in runs] for runs in (self.base_values, self.new_values))
        return base, new


def read_values(
    measurement: Measurement | None, read: Callable[[Repetition], float] = repetition_latency_s
) -> dict[int, float]:
    """Return the value of each valid repetition, by its index; none of a cell that failed or was not measured.

    Args:
        measurement: Of one cell.
        read: Takes the metric's value from a repetition.
    """
    if measurement is None or measurement.failure is not None:
        return {}
    return {repetition.index: read(repetition) for repetition in measurement.repetitions if not repetition.invalid}
