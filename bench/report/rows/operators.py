"""The rows of the operators: where the time of one call of each cell goes."""

from collections.abc import Iterator

from bench.records.bundle import Contents
from bench.records.case import Case
from bench.records.measurement import OPERATORS_MAX, OperatorProfile
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


class OperatorShare(Record, frozen=True, kw_only=True):
    """A part of the profiled call.

    Attributes:
        name: Of the operator, or what else took the time.
        share_ratio: Own time over that of the call. Operators that ran at the same time have more than 1 together.
        calls: None of what is no single operator.
    """

    name: str
    own_ns: int
    share_ratio: float
    calls: int | None


def list_shares(profile: OperatorProfile, *, limit: int = OPERATORS_MAX) -> Iterator[OperatorShare]:
    """Yield the operators, the longest first; then all that are not listed, and what was spent outside of operators.

    Args:
        profile: Of one call.
        limit: Operators to list at most.
    """
    listed = profile.operators[:limit]
    listed_ns = sum(entry.own_ns for entry in listed)
    parts: list[tuple[str, int, int | None]] = [
        *((entry.name, entry.own_ns, entry.calls) for entry in listed),
        ("all other operators", profile.own_ns - listed_ns, None),
        ("outside of operators", profile.elapsed_ns - profile.own_ns, None),
    ]
    for name, own_ns, calls in parts:
        if calls is not None or own_ns > 0:
            yield OperatorShare(name=name, own_ns=own_ns, share_ratio=own_ns / profile.elapsed_ns, calls=calls)


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
