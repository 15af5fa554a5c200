"""Join plans into one with pairs or blocks of cells: the same work in several variants, measured alternately."""

from collections.abc import Sequence
from itertools import chain

import msgspec

from bench.launch.plan import estimate_seconds
from bench.records.plan import Cell, Plan, format_cell_id
from bench.records.variant import Variant


def join_plans(plans: Sequence[Plan], variants: Sequence[Variant], *, probe_s: float) -> Plan:
    """Put the cells of several plans side by side: those of the first variant, the second, ... of every block.

    Args:
        plans: One of each variant, with as many cells in the same order. The joint plan has the profile, layouts and
            policy of the first.
        variants: How each differs.
        probe_s: Seconds of one probe, for the estimate.
    """
    blocks = zip(*(plan.cells for plan in plans), strict=True)
    cells = tuple(
        _take(cell, variant, len(variants) * number + place)
        for number, block in enumerate(blocks)
        for place, (cell, variant) in enumerate(zip(block, variants, strict=True))
    )
    first = plans[0]
    refused = tuple({repr(refusal): refusal for refusal in chain(*(plan.refused for plan in plans))}.values())
    return msgspec.structs.replace(
        first,
        cells=cells,
        refused=refused,
        variants=tuple(variants),
        estimate_s=estimate_seconds(len(cells), first.policy, probe_s=probe_s),
    )


def _take(cell: Cell, variant: Variant, place: int) -> Cell:
    """Return a cell as part of a block, renumbered, with its variant's variables."""
    return msgspec.structs.replace(
        cell,
        id=format_cell_id(place, cell.case, cell.layout),
        variant=variant.name,
        environment=dict(sorted((cell.environment | variant.variables).items())),
    )
