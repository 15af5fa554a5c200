"""What a check reads from a bundle, before any rule judges it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from bench.bundle.verification import Verification
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.case import case_name
from bench.records.measurement import Measurement
from bench.records.plan import Cell
from bench.records.qualification import BundleName, Value
from bench.records.reason import Reason
from bench.records.summary import CellSummary, Interval

Absence = Literal["unavailable", "failed", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A verified bundle of the unit under test.

    Attributes:
        roles: Of the trust store, that its signatures fill to their thresholds; None without a store.
    """

    verification: Verification
    roles: tuple[str, ...] | None = None

    @property
    def contents(self) -> Contents:
        """Its records."""
        return self.verification.contents

    @property
    def name(self) -> BundleName:
        """What a statement calls it."""
        return BundleName(run_id=self.contents.info.run_id, digest=self.verification.content_digest)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One value, or why there is none.

    Attributes:
        cell: Whose it is; None if it is of the bundle.
        value: None if there is none.
        interval: If it was measured with one.
        absence: What having no value means: `unavailable` if the kernel does not show it, `failed` if
            the cell failed, `undecided` if there are too few or too noisy data.
        reasons: What a reader must know besides; why there is no value.
    """

    cell: str | None = None
    value: Value | None
    interval: Interval | None = None
    absence: Absence = "unavailable"
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CellView:
    """A cell with all that a bundle holds of it."""

    cell: Cell
    measurement: Measurement
    summary: CellSummary


Read = Callable[[Unit], Iterator[Reading]]
ReadCell = Callable[[CellView], Value | Interval | None]


def label_cells(contents: Contents) -> dict[str, Cell]:
    """Cells by a label that means the same in every bundle; a cell's id counts places in one plan.

    Raises:
        BundleError: two cells have one label, so that nothing says which is meant.
    """
    cells = contents.plan.cells
    labels = {f"{case_name(cell.case)}/{'/'.join(filter(None, (cell.layout, cell.variant)))}": cell for cell in cells}
    if len(labels) != len(cells):
        raise BundleError(f"run {contents.info.run_id} has two cells of equal case and layout; which is meant?")
    return labels


def read_machine(field: str, read: Callable[[Contents], Value | None]) -> Read:
    """A reader of one field of the machine, which says if firmware or a hypervisor merely states it."""

    def readings(unit: Unit) -> Iterator[Reading]:
        stated = unit.verification.origins.get(field) == "stated"
        yield Reading(value=read(unit.contents), reasons=(Reason(code="stated_only"),) if stated else ())

    return readings


def read_bundle(read: Callable[[Contents], Value | None]) -> Read:
    """A reader of something that is of the whole bundle."""

    def readings(unit: Unit) -> Iterator[Reading]:
        yield Reading(value=read(unit.contents))

    return readings


def _find_reason(contents: Contents, cell: str) -> str:
    """Return the code why a cell has no number that a rule could be decided by."""
    reason = contents.summary.failed.get(cell)
    return "noisy_host" if reason is None else reason.code


def read_cells(read: ReadCell) -> Read:
    """A reader of something that each cell of the plan has, or should have."""

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
                    reasons=(Reason(code="no_number"), failed),
                )
                continue
            found = read(CellView(cell=cell, measurement=measurement, summary=summary))
            interval = found if isinstance(found, Interval) else None
            value = found.point if isinstance(found, Interval) else found
            yield Reading(cell=label, value=value, interval=interval)

    return readings
