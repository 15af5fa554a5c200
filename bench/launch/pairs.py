"""Two plans as one whose cells are pairs: the same work in two variants, to be measured in turn."""

from itertools import chain

import msgspec

from bench.launch.plan import estimate_seconds
from bench.records.plan import Cell, Plan
from bench.records.variant import Variant


def pair_plans(a: Plan, b: Plan, variants: tuple[Variant, Variant]) -> Plan:
    """Put the cells of two plans side by side: a's, then b's, of every pair.

    Args:
        a: Its profile, layouts and policy are those of the whole.
        b: As many cells, in the same order.
        variants: What sets each apart.
    """
    cells = tuple(
        _take(cell, variant, 2 * pair + place)
        for pair, both in enumerate(zip(a.cells, b.cells, strict=True))
        for place, (cell, variant) in enumerate(zip(both, variants, strict=True))
    )
    refused = tuple({repr(refusal): refusal for refusal in chain(a.refused, b.refused)}.values())
    return msgspec.structs.replace(
        a, cells=cells, refused=refused, variants=variants, estimate_s=estimate_seconds(len(cells), a.policy)
    )


def _take(cell: Cell, variant: Variant, place: int) -> Cell:
    return msgspec.structs.replace(
        cell,
        id=f"{place:04d}-{cell.id.partition('-')[2]}",
        variant=variant.name,
        environment=dict(sorted((cell.environment | variant.variables).items())),
    )
