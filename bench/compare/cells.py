"""From the valid repetitions of both sides to a verdict on each cell. Pure."""

from collections.abc import Callable, Mapping, Sequence
from math import inf, log
from typing import NamedTuple

from bench.errors import TooNoisyError
from bench.records.case import Case
from bench.records.plan import CellId
from bench.records.profile import LayoutName
from bench.records.record import Record
from bench.records.summary import Interval
from bench.records.verdict import (
    MAX_DISPLAYED_CHANGE,
    CellVerdict,
    Criteria,
    Finding,
    HostMovement,
    Outcome,
    RunScatter,
)
from bench.stats.holm import adjust, step_levels
from bench.stats.ratio import (
    LogRatio,
    Variance,
    detectable_ratio,
    difference_p_value,
    equivalence_p_value,
    estimate_paired,
    estimate_unpaired,
    interval,
    prior_variance,
)


class Evidence(Record, frozen=True, kw_only=True):
    """What there is to judge one cell by.

    Attributes:
        base, new: The cell's id on either side; None if it is not there.
        base_s, new_s: Index of each valid repetition → seconds an iteration.
        refusal: Why there can be no verdict; None if there can.
    """

    case: Case
    layout: LayoutName
    base: CellId | None
    new: CellId | None
    base_s: Mapping[int, float] = {}
    new_s: Mapping[int, float] = {}
    host_movement: HostMovement | None = None
    findings: tuple[Finding, ...] = ()
    refusal: str | None = None
    notes: tuple[str, ...] = ()


class Judged(Record, frozen=True, kw_only=True):
    """A verdict, with the estimate that it rests on; None if there is none."""

    verdict: CellVerdict
    estimate: LogRatio | None


class _Tested(NamedTuple):
    """Two adjusted p-values, and the level that Holm's procedure held the first one to."""

    difference: float
    equivalence: float
    level: float


def judge_cells(
    evidences: Sequence[Evidence], criteria: Criteria, run_scatter: RunScatter | None
) -> tuple[Judged, ...]:
    """Judge all cells of a comparison together, as the false alarm level is that of the whole.

    Args:
        evidences: One a cell.
        criteria: Margin and levels.
        run_scatter: Between the two runs; None if repetitions were interleaved in one, so that those of equal index
            are pairs.
    """
    estimate = _estimate_pairs if run_scatter is None else _between_runs(evidences, run_scatter)
    judged = [_try(estimate, evidence) for evidence in evidences]
    tested = [(evidence, one) for evidence, one in zip(evidences, judged, strict=True) if isinstance(one, LogRatio)]
    differences = [difference_p_value(estimate, allow_for(evidence.host_movement)) for evidence, estimate in tested]
    equivalences = [
        equivalence_p_value(estimate, criteria.margin_ratio, allow_for(evidence.host_movement))
        for evidence, estimate in tested
    ]
    adjusted = map(
        _Tested,
        adjust(differences),
        adjust(equivalences),
        step_levels(differences, criteria.false_alarm_level),
    )
    return tuple(
        _decide(evidence, one, next(adjusted), criteria) if isinstance(one, LogRatio) else _refuse(evidence, *one)
        for evidence, one in zip(evidences, judged, strict=True)
    )


def _try(estimate: Callable[[Evidence], LogRatio], evidence: Evidence) -> LogRatio | tuple[Outcome, str]:
    """The ratio, or the outcome of a cell that has none, with the reason."""
    if evidence.refusal is not None:
        return "not_comparable", evidence.refusal
    try:
        return estimate(evidence)
    except TooNoisyError as error:
        return "no_difference_shown", str(error)


def _estimate_pairs(evidence: Evidence) -> LogRatio:
    base, new = evidence.base_s, evidence.new_s
    return estimate_paired([(base[index], new[index]) for index in sorted(base.keys() & new.keys())])


def _between_runs(evidences: Sequence[Evidence], run_scatter: RunScatter) -> Callable[[Evidence], LogRatio]:
    """How a cell of two runs is estimated, given all that are compared."""
    degrees_of_freedom = inf if run_scatter.runs is None else run_scatter.runs - 1
    scatter = Variance(value=run_scatter.ratio**2, degrees_of_freedom=degrees_of_freedom)
    prior = prior_variance(
        (tuple(one.base_s.values()), tuple(one.new_s.values())) for one in evidences if one.refusal is None
    )
    return lambda one: estimate_unpaired(tuple(one.base_s.values()), tuple(one.new_s.values()), scatter, prior)


def _refuse(evidence: Evidence, outcome: Outcome, reason: str) -> Judged:
    verdict = CellVerdict(
        case=evidence.case,
        layout=evidence.layout,
        base=evidence.base,
        new=evidence.new,
        outcome=outcome,
        base_repetitions=len(evidence.base_s),
        new_repetitions=len(evidence.new_s),
        host_movement=evidence.host_movement,
        findings=evidence.findings,
        reasons=(reason,),
        notes=evidence.notes,
    )
    return Judged(verdict=verdict, estimate=None)


def _decide(evidence: Evidence, estimate: LogRatio, tested: _Tested, criteria: Criteria) -> Judged:
    shown = tested.difference <= criteria.false_alarm_level
    detectable = detectable_ratio(estimate, tested.level, allow_for(evidence.host_movement))
    notes = evidence.notes + _describe_autocorrelation(evidence, estimate)
    reasons: tuple[str, ...] = ()
    if tested.equivalence <= criteria.equivalence_level:
        outcome: Outcome = "equivalent"
        notes += ("a difference is shown, and is within the margin",) if shown else ()
    elif shown:
        outcome = "slower" if estimate.point > 0 else "faster"
    else:
        outcome = "no_difference_shown"
        reasons = (_why_not_shown(evidence, estimate, tested.level, detectable, criteria),)
    ratio = interval(estimate, tested.level)
    notes += _describe_ranks(estimate, outcome, ratio)
    paired = evidence.base_s.keys() & evidence.new_s.keys()
    verdict = CellVerdict(
        case=evidence.case,
        layout=evidence.layout,
        base=evidence.base,
        new=evidence.new,
        outcome=outcome,
        ratio=ratio,
        level=tested.level,
        p_value=tested.difference,
        equivalence_p_value=tested.equivalence,
        base_repetitions=len(evidence.base_s) if estimate.shared else len(paired),
        new_repetitions=len(evidence.new_s) if estimate.shared else len(paired),
        detectable_ratio=detectable,
        host_movement=evidence.host_movement,
        findings=evidence.findings,
        reasons=reasons,
        notes=notes,
    )
    return Judged(verdict=verdict, estimate=estimate)


def allow_for(movement: HostMovement | None) -> tuple[float, float]:
    """What the host's own movement may have done to the logarithm of the ratio, least and greatest.

    How a cell divides between compute and memory is not known, so that anything between no movement and the
    larger one may be the host's.
    """
    if movement is None:
        return 0.0, 0.0
    moved = (log(movement.compute_ratio), log(movement.bandwidth_ratio))
    return min(0.0, *moved), max(0.0, *moved)


def describe_movement(movement: HostMovement) -> str:
    """The host's own movement, in a clause."""
    return (
        f"the host itself moved between the runs: its probes took {movement.compute_ratio - 1:+.1%} (compute) and "
        f"{movement.bandwidth_ratio - 1:+.1%} (memory bandwidth) longer, which explains the difference"
    )


def _describe_autocorrelation(evidence: Evidence, estimate: LogRatio) -> tuple[str, ...]:
    """Why an interval is much wider than the number of repetitions lets one expect."""
    made = (len(evidence.base_s), len(evidence.new_s))
    if estimate.counts is None or all(2 * worth > count for worth, count in zip(estimate.counts, made, strict=True)):
        return ()
    base, new = (f"{count} count for {worth:.1f}" for worth, count in zip(estimate.counts, made, strict=True))
    return (f"repetitions are like those before them, as beside a neighbour who stays: of base {base}, of new {new}",)


def _describe_ranks(estimate: LogRatio, outcome: Outcome, ratio: Interval) -> tuple[str, ...]:
    """Why there is a difference where the means' interval has room for none."""
    if estimate.ranks is None or outcome not in {"faster", "slower"} or not ratio.low <= 1 <= ratio.high:
        return ()
    slower = estimate.ranks.slower_share
    share = slower if outcome == "slower" else 1 - slower
    shown = f"shown by ranks: new's repetition is the {outcome} one in {share:.0%} of all pairings with one of base"
    return (f"{shown}; the means scatter too much to show it",)


def _why_not_shown(evidence: Evidence, estimate: LogRatio, level: float, detectable: float, criteria: Criteria) -> str:
    moved = evidence.host_movement
    if moved is not None and difference_p_value(estimate) <= level:
        return f"{describe_movement(moved)}; measure both at once with bench ab"
    return (
        f"neither a difference nor equivalence within {criteria.margin_ratio:.1%} is shown: "
        f"with this scatter, a change below {min(detectable, MAX_DISPLAYED_CHANGE):.1%} would mostly be missed"
    )
