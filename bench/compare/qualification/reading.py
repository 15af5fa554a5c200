"""Read the values of checks from a bundle, before any rule judges them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.case import case_name
from bench.records.measurement import Measurement
from bench.records.plan import Cell
from bench.records.qualification import BundleName, Value
from bench.records.reason import Reason
from bench.records.summary import CellSummary, Interval
from bench.verification.verification import Verification

Absence = Literal["unavailable", "failed", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A verified bundle of the unit under test.

    Attributes:
        run_count: Bundles of the unit, each of another run.
        roles: Of the trust store, those whose thresholds its signatures reach; None without a store.
    """

    verification: Verification
    roles: tuple[str, ...] | None = None
    run_count: int = 1

    @property
    def contents(self) -> Contents:
        """The bundle's records."""
        return self.verification.contents

    @property
    def name(self) -> BundleName:
        """The bundle's name in a statement."""
        return BundleName(run_id=self.contents.info.run_id, digest=self.verification.content_digest)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One value, or why there is none.

    Attributes:
        cell: The label of the cell; None for a value of the whole bundle.
        value: None if there is none.
        interval: Of a value that was measured with one.
        absence: Why there is no value: `unavailable` if the kernel does not show it, `failed` if the cell failed,
            `undecided` if the data are too few or too noisy.
        reasons: What a reader must know besides; why there is no value.
    """

    cell: str | None = None
    value: Value | None
    interval: Interval | None = None
    absence: Absence = "unavailable"
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CellView:
    """A cell with its measurement and summary."""

    cell: Cell
    measurement: Measurement
    summary: CellSummary


Read = Callable[[Unit], Iterator[Reading]]
ReadCell = Callable[[CellView], Value | Interval | None]


def label_cells(contents: Contents) -> dict[str, Cell]:
    """Return cells by a label that means the same in every bundle: a cell's id is a place in one plan.

    Raises:
        BundleError: two cells have the same label.
    """
    cells = contents.plan.cells
    labels = {f"{case_name(cell.case)}/{'/'.join(filter(None, (cell.layout, cell.variant)))}": cell for cell in cells}
    if len(labels) != len(cells):
        raise BundleError(f"run {contents.info.run_id} has two cells of equal case and layout; which is meant?")
    return labels


def read_machine(field: str, read: Callable[[Contents], Value | None]) -> Read:
    """Return a reader of a field of the machine; it notes if firmware or a hypervisor merely states the field."""

    def readings(unit: Unit) -> Iterator[Reading]:
        stated = unit.verification.origins.get(field) == "stated"
        yield Reading(value=read(unit.contents), reasons=(Reason(code="stated_only"),) if stated else ())

    return readings


def read_bundle(read: Callable[[Contents], Value | None]) -> Read:
    """Return a reader of a value of the whole bundle."""

    def readings(unit: Unit) -> Iterator[Reading]:
        yield Reading(value=read(unit.contents))

    return readings


def read_cells(read: ReadCell) -> Read:
    """Return a reader of a value of each cell of the plan."""

    def readings(unit: Unit) -> Iterator[Reading]:
        summaries = {summary.cell: summary for summary in unit.contents.summary.cells}
        measurements = {measurement.cell: measurement for measurement in unit.contents.measurements}
        for label, cell in label_cells(unit.contents).items():
            measurement, summary = measurements.get(cell.id), summaries.get(cell.id)
            # Numbers of a noisy host only bound what the machine does: no rule is decided by them.
            if measurement is None or summary is None or "noisy_host" in summary.marks:
                failed = unit.contents.summary.failed.get(cell.id) or Reason(code="not_measured")
                has_failed = measurement is not None and measurement.failure is not None
                yield Reading(
                    cell=label,
                    value=None,
                    absence="failed" if has_failed else "undecided",
                    reasons=(Reason(code="cell_without_number"), failed),
                )
                continue
            found = read(CellView(cell=cell, measurement=measurement, summary=summary))
            interval = found if isinstance(found, Interval) else None
            value = found.point if isinstance(found, Interval) else found
            yield Reading(cell=label, value=value, interval=interval)

    return readings
