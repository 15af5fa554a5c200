"""Join two plans into one with pairs of cells: the same work in two variants, measured alternately."""

from itertools import chain

import msgspec

from bench.launch.plan import estimate_seconds
from bench.records.plan import Cell, Plan, format_cell_id
from bench.records.variant import Variant


def pair_plans(a: Plan, b: Plan, variants: tuple[Variant, Variant]) -> Plan:
    """Put the cells of two plans side by side: a's, then b's, of every pair.

    Args:
        a: The joint plan has its profile, layouts and policy.
        b: Has as many cells, in the same order.
        variants: How each side differs.
    """
    cells = tuple(
        _take(cell, variant, 2 * pair + side)
        for pair, cells_of_pair in enumerate(zip(a.cells, b.cells, strict=True))
        for side, (cell, variant) in enumerate(zip(cells_of_pair, variants, strict=True))
    )
    refused = tuple({repr(refusal): refusal for refusal in chain(a.refused, b.refused)}.values())
    return msgspec.structs.replace(
        a, cells=cells, refused=refused, variants=variants, estimate_s=estimate_seconds(len(cells), a.policy)
    )


def _take(cell: Cell, variant: Variant, place: int) -> Cell:
    """Return a cell as part of a pair, renumbered, with its variant's variables."""
    return msgspec.structs.replace(
        cell,
        id=format_cell_id(place, cell.case, cell.layout),
        variant=variant.name,
        environment=dict(sorted((cell.environment | variant.variables).items())),
    )
