"""The rows of the effective settings: what each worker was bound to while it was timed."""

from collections.abc import Iterator

from bench.records.bundle import Contents
from bench.records.effective import Effective
from bench.records.machine import Count, CpuList
from bench.records.plan import CellId
from bench.records.record import Record


class EffectiveRow(Record, frozen=True, kw_only=True):
    """The effective settings of one worker.

    Attributes:
        repetition, instance: Which worker of the cell, both from 0.
        bound_memory_nodes: Memory nodes that the plan binds to, list format; empty if it names none.
        effective: What kernel and linker reported after the timed part.
    """

    cell: CellId
    repetition: Count
    instance: Count
    bound_memory_nodes: CpuList
    effective: Effective


def make_effective_rows(contents: Contents) -> Iterator[EffectiveRow]:
    """Return a row for each worker, by cell, repetition and instance."""
    cells = {cell.id: cell for cell in contents.plan.cells}
    for measurement in contents.measurements:
        bindings = cells[measurement.cell].instances
        for repetition in measurement.repetitions:
            # Not strict: in a cell that failed, fewer instances may have finished than were planned.
            for number, (result, binding) in enumerate(zip(repetition.instances, bindings, strict=False)):
                yield EffectiveRow(
                    cell=measurement.cell,
                    repetition=repetition.index,
                    instance=number,
                    bound_memory_nodes=binding.memory_nodes,
                    effective=result.effective,
                )
