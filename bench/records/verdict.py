"""Verdicts: the outcome of a comparison, cell by cell, with what it rests on."""

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta

from bench.records.case import Case
from bench.records.machine import Count
from bench.records.plan import CellId
from bench.records.profile import LayoutName
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.summary import Interval, MetricName

Share = Annotated[float, Meta(gt=0, lt=1)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Outcome = Literal["faster", "slower", "equivalent", "no_difference_shown", "not_comparable"]
Severity = Literal["refuse", "warn", "note"]

MAX_DISPLAYED_CHANGE = 9.0
"""The largest change that is printed with digits, as a share: ten times as long."""

INTERLEAVED_MARGIN_RATIO = 0.02
"""Default margin of `bench ab`: what interleaved repetitions can resolve in ten minutes."""

RUNS_MARGIN_RATIO = 0.05
"""Default margin of two runs. With the scatter between runs that is usual, no number of repetitions shows less."""


class Criteria(Record, frozen=True, kw_only=True, omit_defaults=False):
    """Margin and error levels of a comparison.

    Attributes:
        margin_ratio: Latencies that differ by no more than this share count as equivalent.
        false_alarm_level: Largest share of comparisons of like with like in which any cell comes out faster or slower.
        equivalence_level: Largest share of comparisons in which a cell that differs by more than the margin comes out
            equivalent. It is of each cell, without Holm's procedure: the claim that all cells are equivalent is wrong
            no more often than that of the cell that differs (an intersection-union test; Berger, Technometrics 24,
            1982).
    """

    margin_ratio: Share
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
    reason: Reason


def find_refusals(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that forbid a verdict."""
    return tuple(finding for finding in findings if finding.severity == "refuse")


class HostChange(Record, frozen=True, kw_only=True):
    """How much slower the host itself was in the new run, by its probes: time of new over base.

    Attributes:
        compute_ratio, bandwidth_ratio: Of the medians over all probes of the layout.
        compute_scatter_ratio, bandwidth_scatter_ratio: Changes up to this share are within the probes' own scatter.
    """

    compute_ratio: Annotated[float, Meta(gt=0)]
    bandwidth_ratio: Annotated[float, Meta(gt=0)]
    compute_scatter_ratio: Annotated[float, Meta(ge=0)]
    bandwidth_scatter_ratio: Annotated[float, Meta(ge=0)]


class CellVerdict(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The verdict on one cell.

    Attributes:
        base, new: The cell's id on either side; None if that side has no such cell.
        outcome: `equivalent` goes before faster and slower: what the margin allows is no regression.
        ratio: Latency of new over base: 1.05 takes 5% longer. The interval misses the true ratio in a share `level` of
            comparisons at most; with many pairs in half of that, as their ranks have the other half.
        level: With which Holm's procedure compared this cell: the false alarm level over the cells still in question.
        p_value: Of no difference beyond the host's change; by means, or with many pairs by means and ranks; adjusted
            over all cells by Holm's procedure.
        equivalence_p_value: Of a difference at the margin or beyond it; not adjusted.
        base_repetitions, new_repetitions: Valid ones that were used; in a paired comparison those with a valid partner.
        detectable_ratio: The smallest change that four comparisons in five would have shown, in the direction of the outcome if
            it has one.
        run_scatter_ratio: Scatter between runs that was allowed for; None if the sides were interleaved.
        host_change: None if the sides were interleaved, or either has no probe.
        metric_ratios: Means of the other metrics: new over base, by name. No verdict is made of them.
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
    run_scatter_ratio: float | None = None
    host_change: HostChange | None = None
    metric_ratios: dict[MetricName, float] = {}
    findings: tuple[Finding, ...] = ()
    reasons: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()


class RunScatter(Record, frozen=True, kw_only=True):
    """How far whole runs of the same thing lie apart on a host.

    Attributes:
        ratio: Standard deviation of one run's latency about the host's long-term mean; the median over cells.
        source: Where the number comes from: the prior alone, or with which runs.
    """

    ratio: Annotated[float, Meta(ge=0)]
    source: Reason


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
        base, new: What was compared: the ids of each side's runs, or the names of two variants.
        interleaved: Repetitions were measured in turn on one host, and are compared in pairs.
        criteria: Margin and levels.
        run_scatter: Scatter between runs that was allowed for; None if the sides were interleaved in one run.
        findings: What differs for all cells.
        cells: In the order of base's plan.
        families: By name, `all` last; their intervals are at one less the false alarm level.
        outcome: `regression` if any cell is slower; else `not_comparable` if any cell is, or none was compared;
            else `undecided` if for any cell no difference was shown and no equivalence; else `no_regression`.
        notes: What a reader must know besides.
    """

    base: tuple[str, ...]
    new: tuple[str, ...]
    interleaved: bool
    criteria: Criteria
    run_scatter: RunScatter | None
    findings: tuple[Finding, ...] = ()
    cells: tuple[CellVerdict, ...]
    families: tuple[FamilyRatio, ...]
    outcome: ComparisonOutcome
    notes: tuple[Reason, ...] = ()


def conclude(cells: Iterable[CellVerdict]) -> ComparisonOutcome:
    """Return the outcome of a comparison, from those of its cells. A comparison of nothing is never a success."""
    outcomes = {cell.outcome for cell in cells}
    if "slower" in outcomes:
        return "regression"
    if "not_comparable" in outcomes or not outcomes:
        return "not_comparable"
    return "undecided" if "no_difference_shown" in outcomes else "no_regression"


EXIT_STATUS: dict[ComparisonOutcome, int] = {"no_regression": 0, "regression": 1, "undecided": 3, "not_comparable": 4}
