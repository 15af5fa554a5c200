"""The rows of the operators: where the time of one call of each cell goes."""

from collections.abc import Iterator

from bench.records.bundle import Contents
from bench.records.case import Case
from bench.records.measurement import OperatorProfile
from bench.records.plan import CellId
from bench.records.profile import LayoutName
from bench.records.record import Record
from bench.records.variant import VariantName


class OperatorsRow(Record, frozen=True, kw_only=True):
    """The profiled call of one cell.

    Attributes:
        side: Of an `ab` run; None in any other.
        profile: None: not recorded, as by an older bench or where no worker came so far.
    """

    cell: CellId
    case: Case
    layout: LayoutName
    side: VariantName | None
    profile: OperatorProfile | None


def make_operators_rows(contents: Contents) -> Iterator[OperatorsRow]:
    """Return a row for each cell of the plan."""
    measurements = {measurement.cell: measurement for measurement in contents.measurements}
    for cell in contents.plan.cells:
        measurement = measurements.get(cell.id)
        proof = None if measurement is None else measurement.proof
        yield OperatorsRow(
            cell=cell.id,
            case=cell.case,
            layout=cell.layout,
            side=cell.variant,
            profile=None if proof is None else proof.operators,
        )
