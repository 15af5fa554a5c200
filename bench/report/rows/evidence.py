"""The rows of the evidence: what shows for each cell that it is what it says, and right."""

from collections.abc import Iterator

from bench.records.bundle import Contents
from bench.records.case import Case
from bench.records.measurement import Proof
from bench.records.plan import CellId
from bench.records.reason import Reason
from bench.records.record import Record


class EvidenceRow(Record, frozen=True, kw_only=True):
    """The evidence of one cell.

    Attributes:
        failure: Why the cell has no numbers; None if it has.
        proof: Correctness, evidence, instruction path and hashes; None if no worker came so far.
    """

    cell: CellId
    case: Case
    failure: Reason | None
    proof: Proof | None


def make_evidence_rows(contents: Contents) -> Iterator[EvidenceRow]:
    """Return a row for each cell of the plan."""
    measurements = {measurement.cell: measurement for measurement in contents.measurements}
    for cell in contents.plan.cells:
        measurement = measurements.get(cell.id)
        yield EvidenceRow(
            cell=cell.id,
            case=cell.case,
            failure=contents.summary.failed.get(cell.id),
            proof=None if measurement is None else measurement.proof,
        )
