"""Triage: which machines of a fleet are odd."""

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta

from bench.records.bundle import Timestamp
from bench.records.machine import Count
from bench.records.qualification import BundleName
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.summary import Interval, MetricName
from bench.records.text import Line
from bench.records.verdict import Share

CellLabel = Annotated[Line, Meta(min_length=1, max_length=1000)]
"""A case and a layout as they are named in every bundle; `all` for the geometric mean of all cells."""

MachineName = Annotated[Line, Meta(min_length=1, max_length=300)]
"""The host's name; the run's id where the bundle does not tell it."""

MachineOutcome = Literal["slow", "suspect", "wrong_outputs", "fine", "too_noisy", "not_comparable"]


class CellDeviation(Record, frozen=True, kw_only=True):
    """How far a machine lies from the others of its class in one cell.

    Attributes:
        ratio: Of the metric's own unit, this machine over the median of the others, with a 95% interval.
        worse_ratio: The same, so turned that 1.08 is 8% worse, whatever the metric.
        p_value: Chance that any good machine of the class lies so far out on that side, in any cell.
        p_if_normal: The same, if good machines scatter normally.
        could_show_ratio: The smallest share by which a machine is worse that is called slow in four of five such triages.
        could_suspect_ratio: The smallest that is at least suspect in four of five.
        odd: It lies too far out, for the worse or for the better, by `p_value`.
        suspect: It does, if good machines scatter normally.
    """

    cell: CellLabel
    ratio: Interval
    worse_ratio: Annotated[float, Meta(gt=0)]
    p_value: Annotated[float, Meta(ge=0, le=1)]
    p_if_normal: Annotated[float, Meta(ge=0, le=1)]
    could_show_ratio: Annotated[float, Meta(ge=0)]
    could_suspect_ratio: Annotated[float, Meta(ge=0)]
    odd: bool
    suspect: bool


class OddOutputs(Record, frozen=True, kw_only=True):
    """A cell whose outputs differ from those of most machines that took the same instruction path.

    Attributes:
        agreeing: Machines whose outputs are equal to the last bit.
        others: Machines with other outputs, this one among them.
    """

    cell: CellLabel
    agreeing: Annotated[int, Meta(ge=2)]
    others: Annotated[int, Meta(ge=1)]


class MachineVerdict(Record, frozen=True, kw_only=True):
    """The verdict on one machine.

    Attributes:
        bundles: Of the machine, all of one class; none was left out.
        machine_class: Index of its class.
        outcome: `slow`: odd for the worse in a cell. `suspect`: it would be if good machines scattered normally.
            `wrong_outputs`: it computed something else than most machines of its class did, which goes before everything.
            `fine`: none of these, and a machine that is worse by the margin would mostly have been suspect. `too_noisy`:
            not so, or a cell has no number. `not_comparable`: its class has too few machines, or it is emulated.
        could_show_ratio: What could have been called slow; the largest of its cells, None without any.
        could_suspect_ratio: What could have been suspect.
        cells: In which it is odd or suspect, and the one in which it is worst.
        outputs: Cells in which it computed something else.
        reasons: Why the outcome is not a better one; what would make it one.
    """

    name: MachineName
    bundles: Annotated[tuple[BundleName, ...], Meta(min_length=1)]
    machine_class: Count
    outcome: MachineOutcome
    could_show_ratio: float | None = None
    could_suspect_ratio: float | None = None
    cells: tuple[CellDeviation, ...] = ()
    outputs: tuple[OddOutputs, ...] = ()
    reasons: tuple[Reason, ...] = ()


class OddSetting(Record, frozen=True, kw_only=True):
    """A setting that some machines of a class have otherwise than most.

    Attributes:
        field: Its place, such as `machine.settings.microcode`.
        usual: The most frequent value; `(none)` where the kernel does not show it.
        usual_count: Machines that have it.
        odd: Each other value → the machines that have it, sorted.
    """

    field: Line
    usual: Line
    usual_count: Annotated[int, Meta(ge=1)]
    odd: dict[Line, tuple[MachineName, ...]]


class MachineClass(Record, frozen=True, kw_only=True):
    """Machines that must be comparable, as all of this is equal.

    Attributes:
        facts: What is equal: name → value.
        machines: How many are judged.
        references: How many known good ones they are compared with; None if they are compared with one another.
        scatter_ratio: Standard deviation between its machines; the median over cells. None if too few to say.
        settings: That some machines have otherwise.
    """

    facts: dict[Line, Line]
    machines: Annotated[int, Meta(ge=1)]
    references: Count | None = None
    scatter_ratio: float | None = None
    settings: tuple[OddSetting, ...] = ()


class UnreadBundle(Record, frozen=True, kw_only=True):
    """A bundle that does not verify: nothing in it counts.

    Attributes:
        path: As it was found.
        error: One line.
    """

    path: str
    error: str


TriageOutcome = Literal["all_fine", "odd_machines", "undecided", "not_comparable", "not_verified"]

EXIT_STATUS: dict[TriageOutcome, int] = {
    "all_fine": 0,
    "odd_machines": 1,
    "undecided": 3,
    "not_comparable": 4,
    "not_verified": 6,
}


class Triage(Record, frozen=True, kw_only=True):
    """The verdict on a fleet.

    Attributes:
        judged_at: By the clock of the host that judged.
        metric: That machines are compared by.
        level: Chance that any good machine of a class is called slow.
        heaviest_tail: Degrees of freedom of Student's t: the heaviest tails of good machines for which that holds.
        margin_ratio: A machine that is worse by this share would mostly be suspect, if others are called fine.
        classes: The largest first.
        machines: By class and name.
        references: Bundles of machines that are known to be good.
        unread: Bundles that do not verify.
        outcome: `odd_machines` if any is slow or computed something else; else `not_verified` if any bundle is unread;
            else `not_comparable` if any machine is; else `undecided` if any is suspect or too noisy; else `all_fine`.
        notes: What a reader must know besides.
    """

    judged_at: Timestamp
    metric: MetricName
    level: Share
    heaviest_tail: Annotated[float, Meta(ge=1)]
    margin_ratio: Share
    classes: Annotated[tuple[MachineClass, ...], Meta(min_length=1)]
    machines: Annotated[tuple[MachineVerdict, ...], Meta(min_length=1)]
    references: tuple[BundleName, ...] = ()
    unread: tuple[UnreadBundle, ...] = ()
    outcome: TriageOutcome
    notes: tuple[Reason, ...] = ()


def conclude(machines: Iterable[MachineVerdict], unread: Iterable[UnreadBundle]) -> TriageOutcome:
    """Return the outcome for a fleet."""
    outcomes = {machine.outcome for machine in machines}
    if outcomes & {"slow", "wrong_outputs"}:
        return "odd_machines"
    if any(True for _ in unread):
        return "not_verified"
    if "not_comparable" in outcomes:
        return "not_comparable"
    return "undecided" if outcomes & {"suspect", "too_noisy"} else "all_fine"
