"""Find which peak of its layout bounds a cell, by the run's own probes."""

from collections.abc import Sequence

from bench.records.measurement import Repetition
from bench.records.plan import Cell
from bench.records.probe import Probe
from bench.stats.roofline import LeastTime, least_time


def find_bound(cell: Cell, repetitions: Sequence[Repetition], probes: Sequence[Probe]) -> LeastTime | None:
    """Return the least time of one iteration, and which resource sets it.

    Args:
        cell: Of the plan.
        repetitions: All of the cell; one of them proves its operations and traffic.
        probes: Of the run.

    Returns:
        None if no repetition has a proof, or there is no probe of the layout.
    """
    instances = (instance for repetition in repetitions for instance in repetition.instances)
    proof = next((instance.proof for instance in instances if instance.proof is not None), None)
    of_layout = [probe for probe in probes if probe.layout == cell.layout]
    return None if proof is None else least_time(proof, cell.case.precision, of_layout)
