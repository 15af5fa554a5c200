"""Say why a machine that is not slow cannot be called fine, and what would help. Pure."""

from collections.abc import Mapping
from math import ceil, exp, log1p, sqrt

from bench.records.reason import Reason
from bench.stats.odd_machines import Deviation, Value
from bench.triage.classes import FleetMachine

_USEFUL_REPETITIONS = 1000
"""More are not asked for: something else than the number of repetitions is wrong."""


def find_suspicions(deviations: Mapping[str, Deviation]) -> tuple[Reason, ...]:
    """Return in which cells a machine is worse than normal scatter explains, and heavy tails do."""
    return tuple(
        Reason(
            code="suspect_cell",
            values={
                "cell": label,
                "worse_percent": f"{(exp(deviation.difference) - 1) * 100:.1f}",
                "p_if_normal": f"{deviation.p_if_normal:.2g}",
                "p_value": f"{deviation.p_value:.2g}",
            },
        )
        for label, deviation in deviations.items()
        if deviation.suspect and deviation.difference > 0
    )


def find_doubts(
    machine: FleetMachine, deviations: Mapping[str, Deviation], usual: Mapping[str, float], margin_ratio: float
) -> tuple[Reason, ...]:
    """Return why a machine that is not slow cannot be called fine; empty if it can.

    Args:
        machine: Of a class that can be judged.
        deviations: By cell.
        usual: Variance of a machine's number by its own repetitions, as it is in the class; by cell. Cells of which no
            machine has a number are not in it.
        margin_ratio: A machine that is worse by this share should mostly have been suspect.
    """
    if not deviations:
        return (Reason(code="no_numbers"),)
    doubts = []
    margin, values = log1p(margin_ratio), machine.cells
    for label in sorted({label for run in machine.runs for label in run.cells} & set(usual)):
        deviation = deviations.get(label)
        if deviation is None:
            doubts.append(Reason(code="no_number_of_cell", values={"cell": label}))
        elif deviation.could_suspect > margin:
            made = sum(run.cells[label].repetitions for run in machine.runs if label in run.cells)
            doubts.append(_explain_noise(label, deviation, values[label], made, usual[label], margin=margin))
    return tuple(doubts)


def _explain_noise(label: str, deviation: Deviation, value: Value, made: int, usual: float, *, margin: float) -> Reason:
    """Say how many repetitions would do, or that the class itself scatters too much."""
    shown = {"cell": label, "could_show_percent": f"{(exp(deviation.could_suspect) - 1) * 100:.1f}"}
    without_excess = deviation.error**2 - max(0.0, value.variance - usual)
    spare = (margin * deviation.error / deviation.could_suspect) ** 2 - without_excess
    needed = ceil(made * value.variance / (usual + spare)) if spare > 0 else 0
    if made < needed <= _USEFUL_REPETITIONS:
        return Reason(code="repeat_cell", values={**shown, "made": str(made), "needed": str(needed)})
    return Reason(code="class_scatters", values={**shown, "scatter_percent": f"{sqrt(without_excess) * 100:.1f}"})
