"""Verdicts: the outcome of a comparison, cell by cell, with what it rests on."""

from typing import Annotated, Literal

from msgspec import Meta

from bench.records.case import Case
from bench.records.machine import Count
from bench.records.plan import CellId
from bench.records.profile import LayoutName
from bench.records.record import Record
from bench.records.summary import Interval

Share = Annotated[float, Meta(gt=0, lt=1)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Outcome = Literal["faster", "slower", "equivalent", "no_difference_shown", "not_comparable"]
Severity = Literal["refuse", "warn", "note"]


MAX_DISPLAYED_CHANGE = 9.0
"""The largest change that is displayed, as a share: beyond ten times as long, digits mean nothing."""


class Criteria(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The margin and the levels that a comparison uses.

    Attributes:
        margin_ratio: Latencies that differ by no more than this share count as equivalent.
        false_alarm_level: Largest share of comparisons of like with like, all their cells together, in which
            any cell comes out faster or slower.
        equivalence_level: Largest share of comparisons in which a cell comes out equivalent though it differs by
            more than the margin.
    """

    margin_ratio: Share = 0.02
    false_alarm_level: Share = 0.005
    equivalence_level: Share = 0.05


class Finding(Record, frozen=True, kw_only=True):
    """A field that differs between the two sides.

    Attributes:
        field: Its place, such as `machine.cpu.model_name`.
        base, new: Its values as text.
        severity: `refuse` forbids a verdict, `warn` may explain a difference, `note` does not matter to the numbers.
        reason: Why it has that severity.
    """

    field: str
    base: str
    new: str
    severity: Severity
    reason: str


class HostMovement(Record, frozen=True, kw_only=True):
    """How much longer the probes took in the new run: time of new over base, without any effect of the software.

    Attributes:
        compute_ratio, bandwidth_ratio: Of the medians over all probes of the layout.
    """

    compute_ratio: Annotated[float, Meta(gt=0)]
    bandwidth_ratio: Annotated[float, Meta(gt=0)]


class CellVerdict(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The verdict on one cell.

    Attributes:
        base, new: The cell's id on either side; None if that side has no such cell.
        outcome: `equivalent` goes before faster and slower: what the margin allows is no regression.
        ratio: Latency of new over base: 1.05 takes 5% longer. The interval misses it in a share `level` at most; of many
            pairs in half of that, as their ranks have the other half.
        level: At which Holm's procedure tested this cell: the false alarm level over the cells still in question.
        p_value: That there is no difference, host movement included; by means, or of many pairs by means and ranks;
            adjusted over all cells by Holm's procedure.
        equivalence_p_value: That the difference is beyond the margin; adjusted likewise.
        base_repetitions, new_repetitions: Valid ones that were used; in a paired comparison those with a valid partner.
        detectable_ratio: The smallest change that four comparisons in five would have shown.
        host_movement: None if the sides were interleaved, or either has no probe.
        findings: What differs for this cell alone.
        reasons: Why the outcome is not a better one.
        notes: What a reader must know besides.
    """

    case: Case
    layout: LayoutName
    base: CellId | None
    new: CellId | None
    outcome: Outcome
    ratio: Interval | None = None
    level: Share | None = None
    p_value: Probability | None = None
    equivalence_p_value: Probability | None = None
    base_repetitions: Count = 0
    new_repetitions: Count = 0
    detectable_ratio: float | None = None
    host_movement: HostMovement | None = None
    findings: tuple[Finding, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class RunScatter(Record, frozen=True, kw_only=True):
    """How far whole runs of the same thing lie apart on a host.

    Attributes:
        ratio: Standard deviation of one run's latency about the host's long-term mean.
        runs: How many it was measured over; None if it is assumed.
        source: Where the number comes from, a phrase.
    """

    ratio: Annotated[float, Meta(ge=0, le=1)]
    runs: Annotated[int, Meta(ge=2)] | None
    source: str


ASSUMED_SCATTER = RunScatter(ratio=0.01, runs=None, source="assumed: no calibration of this host is in either bundle")
"""Runs of one program on one host, minutes to hours apart, on guests of shared machines."""


class FamilyRatio(Record, frozen=True, kw_only=True):
    """The geometric mean over the cells of one family that have a ratio.

    Attributes:
        family: A workload's family, or `all`.
        ratio: Latency of new over base.
        cells: How many took part.
    """

    family: str
    ratio: Interval
    cells: Annotated[int, Meta(ge=1)]


ComparisonOutcome = Literal["no_regression", "regression", "undecided", "not_comparable"]


class Comparison(Record, frozen=True, kw_only=True):
    """A whole comparison.

    Attributes:
        base, new: What was compared: run ids, or the names of variants.
        interleaved: Repetitions of the sides alternated on one host, and are compared in pairs.
        criteria: The margin and the levels that it used.
        run_scatter: What was allowed for between the runs; None if the sides were interleaved in one.
        findings: What differs for all cells.
        cells: In the order of base's plan.
        families: By name, `all` last; their intervals are at one less the false alarm level.
        outcome: `regression` if any cell is slower; else `not_comparable` if any cell is, or none was compared;
            else `undecided` if for any cell no difference was shown and no equivalence; else `no_regression`.
        notes: What a reader must know besides.
    """

    base: str
    new: str
    interleaved: bool
    criteria: Criteria
    run_scatter: RunScatter | None
    findings: tuple[Finding, ...] = ()
    cells: tuple[CellVerdict, ...]
    families: tuple[FamilyRatio, ...]
    outcome: ComparisonOutcome
    notes: tuple[str, ...] = ()


def conclude(cells: tuple[CellVerdict, ...]) -> ComparisonOutcome:
    """Return the outcome of a comparison, from those of its cells; nothing compared is never a success."""
    outcomes = {cell.outcome for cell in cells}
    if "slower" in outcomes:
        return "regression"
    if "not_comparable" in outcomes or not cells:
        return "not_comparable"
    return "undecided" if "no_difference_shown" in outcomes else "no_regression"


EXIT_STATUS: dict[ComparisonOutcome, int] = {"no_regression": 0, "regression": 1, "undecided": 3, "not_comparable": 4}
