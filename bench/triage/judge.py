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
from bench.stats.odd_machines import MACHINES_MIN, OVERALL, REFERENCES_MIN, Deviation, Value, find_deviations
from bench.stats.tails import HEAVIEST
from bench.triage.classes import FleetMachine, drop_copies, find_facts, gather_machines, group_by_class
from bench.triage.doubts import find_doubts, find_suspicions
from bench.triage.run import FleetRun
from bench.triage.settings import find_odd_outputs, find_odd_settings


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
    facts = find_facts(apart)
    machines, notes = gather_machines(judged, facts)
    good, more_notes = gather_machines([run for run in apart if run.name.digest in known], facts)
    names = {machine.name for machine in machines}
    others = [machine for machine in good if machine.name not in names and not machine.emulated]
    if len(others) < len(good):
        notes += (Reason(code="own_references", values={"machines": str(len(good) - len(others))}),)
    classes: list[MachineClass] = []
    verdicts: list[MachineVerdict] = []
    for group in group_by_class(machines):
        peers = None
        if known:
            alike = [machine for machine in others if machine.facts == group[0].facts]
            peers = _drop_odd(alike, criteria.level)
            odd = {machine.name for machine in alike} - {machine.name for machine in peers}
            notes += tuple(Reason(code="odd_reference", values={"machine": name}) for name in sorted(odd))
        judge = _Judge(index=len(classes), machines=group, references=peers, criteria=criteria)
        described, found, more = judge.judge()
        notes += more
        classes.append(described)
        verdicts += found
    return Triage(
        judged_at=format_timestamp(now),
        metric=criteria.metric,
        level=criteria.level,
        heaviest_tail=HEAVIEST,
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

    def judge(self) -> tuple[MachineClass, list[MachineVerdict], tuple[Reason, ...]]:
        """Return the class, the verdicts in its order, and notes."""
        measured = [machine for machine in self.machines if not machine.emulated]
        everyone = [*measured, *(self.references or ())]
        deviations = find_deviations(
            _turn(measured),
            level=self.criteria.level,
            references=None if self.references is None else _turn(self.references),
        )
        refusal, usual, outputs = self._find_refusal(len(measured)), _find_usual(everyone), find_odd_outputs(everyone)
        verdicts = []
        for machine in self.machines:
            own = {label: found[machine.name] for label, found in deviations.items() if machine.name in found}
            refused = Reason(code="emulated_architecture") if machine.emulated else refusal
            verdicts.append(self._conclude(machine, own, usual, outputs.get(machine.name, ()), refused=refused))
        errors = [deviation.error for found in deviations.values() for deviation in found.values()]
        described = MachineClass(
            facts=dict(self.machines[0].facts),
            machines=len(self.machines),
            references=None if self.references is None else len(self.references),
            scatter_ratio=median(errors) if errors else None,
            settings=find_odd_settings([*self.machines, *(self.references or ())]),
        )
        planned = {label for machine in self.machines for run in machine.runs for label in run.cells}
        notes = tuple(
            Reason(code="cell_without_numbers", values={"cell": label, "class": str(self.index)})
            for label in sorted(planned - set(usual))
        )
        return described, verdicts, notes

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
        usual: Mapping[str, float],
        outputs: tuple[OddOutputs, ...],
        *,
        refused: Reason | None,
    ) -> MachineVerdict:
        odd = {label for label, deviation in deviations.items() if deviation.odd or deviation.suspect}
        slow = any(deviations[label].odd and deviations[label].difference > 0 for label in odd)
        suspicions = find_suspicions(deviations)
        reasons: tuple[Reason, ...] = find_doubts(machine, deviations, usual, self.criteria.margin_ratio)
        outcome: MachineOutcome
        if outputs:
            outcome = "wrong_outputs"
        elif refused is not None:
            outcome, reasons = "not_comparable", (refused,)
        elif slow:
            outcome, reasons = "slow", ()
        elif suspicions:
            outcome, reasons = "suspect", (*suspicions, *reasons)
        else:
            outcome = "too_noisy" if reasons else "fine"
        worst = max(deviations, key=lambda label: deviations[label].difference / deviations[label].error, default=None)
        shown = sorted({*odd, *(() if worst is None else (worst,))}, key=lambda label: (label not in odd, label))
        cells = [deviation for label, deviation in deviations.items() if label != OVERALL]
        better = METRICS[self.criteria.metric].better
        return MachineVerdict(
            name=machine.name,
            bundles=tuple(run.name for run in machine.runs),
            machine_class=self.index,
            outcome=outcome,
            could_show_ratio=_find_largest(deviation.could_show for deviation in cells),
            could_suspect_ratio=_find_largest(deviation.could_suspect for deviation in cells),
            cells=tuple(_describe(label, deviations[label], better) for label in shown),
            outputs=outputs,
            reasons=reasons,
        )


def _drop_odd(machines: Sequence[FleetMachine], level: float) -> list[FleetMachine]:
    """Return the machines that are not odd among themselves: a folder of references may hold a whole fleet."""
    deviations = find_deviations(_turn(machines), level=level)
    odd = {name for found in deviations.values() for name, deviation in found.items() if deviation.odd}
    return [machine for machine in machines if machine.name not in odd]


def _describe(label: str, deviation: Deviation, better: Better) -> CellDeviation:
    sign = 1 if better == "less" else -1
    ends = sorted(exp(sign * (deviation.difference + side)) for side in (-deviation.reach, 0.0, deviation.reach))
    return CellDeviation(
        cell=label,
        ratio=Interval(low=ends[0], point=ends[1], high=ends[2]),
        worse_ratio=exp(deviation.difference),
        p_value=deviation.p_value,
        p_if_normal=deviation.p_if_normal,
        could_show_ratio=exp(deviation.could_show) - 1,
        could_suspect_ratio=exp(deviation.could_suspect) - 1,
        odd=deviation.odd,
        suspect=deviation.suspect,
    )


def _find_largest(differences: Iterable[float]) -> float | None:
    """Return the largest of some differences of logarithms, as a share."""
    largest = max(differences, default=None)
    return None if largest is None else exp(largest) - 1


def _turn(machines: Iterable[FleetMachine]) -> dict[str, dict[str, Value]]:
    """Return values by cell and machine, cells sorted."""
    cells = {machine.name: machine.cells for machine in machines}
    labels = sorted({label for values in cells.values() for label in values})
    return {label: {name: values[label] for name, values in cells.items() if label in values} for label in labels}


def _find_usual(machines: Iterable[FleetMachine]) -> dict[str, float]:
    """Return the median variance of each cell's number by a machine's own repetitions."""
    return {label: median(value.variance for value in found.values()) for label, found in _turn(machines).items()}
