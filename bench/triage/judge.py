"""Judge the machines of a fleet. Pure: the same runs in any order give the same verdicts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp
from statistics import median

from bench.bundle.timestamp import format_timestamp
from bench.errors import NotComparableError
from bench.records.reason import Reason
from bench.records.summary import Interval, MetricName
from bench.records.triage import (
    CellDeviation,
    MachineClass,
    MachineOutcome,
    MachineVerdict,
    OddOutputs,
    Triage,
    UnreadBundle,
    conclude,
)
from bench.stats.metrics import METRICS, Better
from bench.stats.odd_machines import MACHINES_MIN, REFERENCES_MIN, Deviation, Value, find_deviations
from bench.triage.classes import FleetMachine, drop_copies, gather_machines, group_by_class
from bench.triage.doubts import find_doubts
from bench.triage.run import FleetRun
from bench.triage.settings import find_odd_outputs, find_odd_settings

CONFIDENCE = 0.95
"""Of the intervals that are told; levels are of verdicts."""


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """What machines are judged by; attributes as of `Triage`."""

    metric: MetricName
    level: float
    margin_ratio: float


def judge_fleet(
    runs: Sequence[FleetRun],
    references: Sequence[FleetRun],
    unread: Sequence[UnreadBundle],
    *,
    criteria: Criteria,
    now: datetime,
) -> Triage:
    """Return the verdict on each machine.

    Args:
        runs: Of the fleet. A run that is given twice counts once.
        references: Of machines that are known to be good; if there are any, no others are compared with.
        unread: Bundles that do not verify.
        criteria: The metric is the one that the runs' values are of.
        now: When it is judged.

    Raises:
        NotComparableError: no bundle verifies, so that there is nothing to judge.
        UsageError: the same measurements were sealed as two runs.
    """
    apart = drop_copies([*runs, *references])
    known = {run.name.digest for run in references}
    judged = [run for run in apart if run.name.digest not in known]
    if not judged:
        raise NotComparableError("no machine is left to be judged: no bundle verifies, or all of them are references")
    machines, notes = gather_machines(judged)
    good, more_notes = gather_machines([run for run in apart if run.name.digest in known])
    classes: list[MachineClass] = []
    verdicts: list[MachineVerdict] = []
    for group in group_by_class(machines):
        peers = [machine for machine in good if machine.facts == group[0].facts] if known else None
        judge = _Judge(index=len(classes), machines=group, references=peers, criteria=criteria)
        described, found = judge.judge()
        classes.append(described)
        verdicts += found
    return Triage(
        judged_at=format_timestamp(now),
        metric=criteria.metric,
        level=criteria.level,
        margin_ratio=criteria.margin_ratio,
        classes=tuple(classes),
        machines=tuple(verdicts),
        references=tuple(run.name for run in apart if run.name.digest in known),
        unread=tuple(sorted(unread, key=lambda bundle: bundle.path)),
        outcome=conclude(verdicts, unread),
        notes=(*notes, *more_notes),
    )


@dataclass(frozen=True, kw_only=True)
class _Judge:
    """Judges the machines of one class.

    Attributes:
        index: Of the class.
        machines: Of the class, judged.
        references: Of the class; None if machines are compared with one another.
        criteria: Metric, level and margin.
    """

    index: int
    machines: Sequence[FleetMachine]
    references: Sequence[FleetMachine] | None
    criteria: Criteria

    def judge(self) -> tuple[MachineClass, list[MachineVerdict]]:
        """Return the class, and the verdicts in its order."""
        everyone = [*self.machines, *(self.references or ())]
        measured = [machine for machine in self.machines if not machine.emulated]
        deviations = find_deviations(
            _turn(measured),
            level=self.criteria.level,
            references=None if self.references is None else _turn(self.references),
        )
        refusal, usual, outputs = self._find_refusal(len(measured)), _find_usual(everyone), find_odd_outputs(everyone)
        verdicts = []
        for machine in self.machines:
            own = {label: found[machine.name] for label, found in deviations.items() if machine.name in found}
            doubts = () if refusal is not None else find_doubts(machine, own, usual, self.criteria.margin_ratio)
            reasons = (Reason(code="emulated_architecture"),) if machine.emulated else (refusal,) if refusal else doubts
            verdicts.append(
                self._conclude(machine, own, outputs.get(machine.name, ()), reasons, refused=reasons != doubts)
            )
        errors = [deviation.error for found in deviations.values() for deviation in found.values()]
        described = MachineClass(
            facts=dict(self.machines[0].facts),
            machines=len(self.machines),
            references=None if self.references is None else len(self.references),
            scatter_ratio=median(errors) if errors else None,
            settings=find_odd_settings(everyone),
        )
        return described, verdicts

    def _find_refusal(self, measured: int) -> Reason | None:
        """Return why no machine of the class can be judged; None if they can."""
        if self.references is not None:
            code, found, needed = "too_few_reference_machines", len(self.references), REFERENCES_MIN
        else:
            code, found, needed = "small_class", measured, MACHINES_MIN
        return None if found >= needed else Reason(code=code, values={"found": str(found), "needed": str(needed)})

    def _conclude(
        self,
        machine: FleetMachine,
        deviations: Mapping[str, Deviation],
        outputs: tuple[OddOutputs, ...],
        reasons: tuple[Reason, ...],
        *,
        refused: bool,
    ) -> MachineVerdict:
        odd = {label for label, deviation in deviations.items() if deviation.odd}
        slow = any(deviations[label].difference > 0 for label in odd)
        outcome: MachineOutcome
        if outputs:
            outcome = "wrong_outputs"
        elif refused:
            outcome = "not_comparable"
        elif slow:
            outcome, reasons = "slow", ()
        else:
            outcome = "too_noisy" if reasons else "fine"
        worst = max(deviations, key=lambda label: deviations[label].difference / deviations[label].error, default=None)
        shown = sorted({*odd, *(() if worst is None else (worst,))}, key=lambda label: (label not in odd, label))
        could_show = max((deviation.could_show for deviation in deviations.values()), default=None)
        better = METRICS[self.criteria.metric].better
        return MachineVerdict(
            name=machine.name,
            bundles=tuple(run.name for run in machine.runs),
            machine_class=self.index,
            outcome=outcome,
            could_show_ratio=None if could_show is None else exp(could_show) - 1,
            cells=tuple(_describe(label, deviations[label], better) for label in shown),
            outputs=outputs,
            reasons=reasons,
        )


def _describe(label: str, deviation: Deviation, better: Better) -> CellDeviation:
    from scipy.special import stdtrit

    reach = float(stdtrit(deviation.degrees_of_freedom, (1 + CONFIDENCE) / 2)) * deviation.error
    sign = 1 if better == "less" else -1
    ends = sorted(exp(sign * (deviation.difference + side)) for side in (-reach, 0.0, reach))
    return CellDeviation(
        cell=label,
        ratio=Interval(low=ends[0], point=ends[1], high=ends[2]),
        worse_ratio=exp(deviation.difference),
        p_value=deviation.p_value,
        could_show_ratio=exp(deviation.could_show) - 1,
        odd=deviation.odd,
    )


def _turn(machines: Iterable[FleetMachine]) -> dict[str, dict[str, Value]]:
    """Return values by cell and machine, cells sorted."""
    cells = {machine.name: machine.cells for machine in machines}
    labels = sorted({label for values in cells.values() for label in values})
    return {label: {name: values[label] for name, values in cells.items() if label in values} for label in labels}


def _find_usual(machines: Iterable[FleetMachine]) -> dict[str, float]:
    """Return the median variance of each cell's number by a machine's own repetitions."""
    return {label: median(value.variance for value in found.values()) for label, found in _turn(machines).items()}
