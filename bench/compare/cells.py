"""From the valid repetitions of both sides to a verdict on each cell. Pure."""

from collections.abc import Sequence
from itertools import chain
from math import sqrt
from typing import NamedTuple

from msgspec.structs import replace

from bench.compare.evidence import Evidence
from bench.compare.host_change import allow_for, explain_by_host_change
from bench.compare.operators import explain_by_operators
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.summary import Interval
from bench.records.verdict import (
    MAX_DISPLAYED_CHANGE,
    CellVerdict,
    Criteria,
    Outcome,
)
from bench.stats.holm import adjust, step_levels
from bench.stats.ratio import (
    LogRatio,
    detectable_ratio,
    difference_p_value,
    equivalence_p_value,
    estimate_paired,
    estimate_unpaired,
    interval,
    pair_variance,
    prior_variance,
)
from bench.stats.variance import REPETITIONS_MIN


class Judged(Record, frozen=True, kw_only=True):
    """A verdict, with the estimate that it rests on; None if there is none."""

    verdict: CellVerdict
    estimate: LogRatio | None


class _Tested(NamedTuple):
    """The p-values of a cell, and the level that Holm's procedure compared the first with."""

    difference: float
    equivalence: float
    level: float


def judge_runs(evidences: Sequence[Evidence], criteria: Criteria) -> tuple[Judged, ...]:
    """Judge all cells of a comparison of runs together, since the false alarm level is that of the whole."""
    return _judge(evidences, _estimate_runs(evidences), criteria)


def judge_pairs(evidences: Sequence[Evidence], criteria: Criteria) -> tuple[Judged, ...]:
    """Judge all cells together whose sides were interleaved in one run, so that repetitions of equal index are pairs."""
    return _judge(evidences, _estimate_pairs(evidences), criteria)


def _judge(
    evidences: Sequence[Evidence], estimates: Sequence[LogRatio | None], criteria: Criteria
) -> tuple[Judged, ...]:
    tested = [
        (ratio, allow_for(evidence.host_change))
        for evidence, ratio in zip(evidences, estimates, strict=True)
        if ratio is not None
    ]
    differences = [difference_p_value(ratio, allowed) for ratio, allowed in tested]
    # Each claim of equivalence stands by itself; `Criteria` says why it needs no adjustment.
    equivalences = [equivalence_p_value(ratio, criteria.margin_ratio, allowed) for ratio, allowed in tested]
    results = map(_Tested, adjust(differences), equivalences, step_levels(differences, criteria.false_alarm_level))
    return tuple(
        _refuse(evidence) if ratio is None else _decide(evidence, ratio, next(results), criteria)
        for evidence, ratio in zip(evidences, estimates, strict=True)
    )


def _estimate_pairs(evidences: Sequence[Evidence]) -> list[LogRatio | None]:
    """Return the ratio of each cell whose sides were interleaved; None without enough pairs."""
    pairs = [[] if evidence.refusals else evidence.pairs for evidence in evidences]
    variances = [pair_variance(cell) if len(cell) >= REPETITIONS_MIN else None for cell in pairs]
    return [
        None
        if variances[index] is None
        else estimate_paired(cell, [other for other in variances[:index] + variances[index + 1 :] if other is not None])
        for index, cell in enumerate(pairs)
    ]


def _estimate_runs(evidences: Sequence[Evidence]) -> list[LogRatio | None]:
    """Return the ratio of each cell of two or more runs; None without enough repetitions in each run."""
    sides = [None if evidence.refusals else evidence.sides for evidence in evidences]
    prior = prior_variance(cell for cell in sides if cell is not None)
    return [
        None
        if cell is None or evidence.run_scatter is None or min(map(len, chain(*cell))) < REPETITIONS_MIN
        else estimate_unpaired(*cell, evidence.run_scatter, prior)
        for evidence, cell in zip(evidences, sides, strict=True)
    ]


def _count(evidence: Evidence) -> tuple[int, int]:
    """Return how many repetitions of base and of new were used."""
    if evidence.run_scatter is None:
        return len(evidence.pairs), len(evidence.pairs)
    return sum(map(len, evidence.base_values)), sum(map(len, evidence.new_values))


def _start_verdict(evidence: Evidence, outcome: Outcome) -> CellVerdict:
    """Return a verdict with what is known before any test."""
    base, new = _count(evidence)
    return CellVerdict(
        case=evidence.case,
        layout=evidence.layout,
        base=evidence.base,
        new=evidence.new,
        outcome=outcome,
        base_repetitions=base,
        new_repetitions=new,
        run_scatter_ratio=None if evidence.run_scatter is None else sqrt(evidence.run_scatter.value),
        host_change=evidence.host_change,
        metric_ratios=evidence.metric_ratios,
        findings=evidence.findings,
    )


def _refuse(evidence: Evidence) -> Judged:
    """Return the verdict on a cell that has no ratio: not comparable, or too few repetitions."""
    verdict = _start_verdict(evidence, "not_comparable" if evidence.refusals else "no_difference_shown")
    return Judged(verdict=replace(verdict, reasons=evidence.refusals or (_explain_shortage(evidence),)), estimate=None)


def _explain_shortage(evidence: Evidence) -> Reason:
    wanted = str(REPETITIONS_MIN)
    if evidence.run_scatter is None:
        return Reason(code="too_few_pairs", values={"pairs": str(len(evidence.pairs)), "wanted": wanted})
    base, new = (str(min(map(len, runs))) for runs in evidence.sides)
    return Reason(code="too_few_repetitions", values={"base": base, "new": new, "wanted": wanted})


def _decide(evidence: Evidence, estimate: LogRatio, tested: _Tested, criteria: Criteria) -> Judged:
    significant = tested.difference <= criteria.false_alarm_level
    allowed = allow_for(evidence.host_change)
    notes = _note_autocorrelation(evidence, estimate)
    reasons: tuple[Reason, ...] = ()
    if tested.equivalence <= criteria.equivalence_level:
        outcome: Outcome = "equivalent"
        notes += (Reason(code="difference_within_margin"),) if significant else ()
    elif significant and estimate.point > 0:
        outcome, allowed = "slower", (0.0, allowed[1])  # a host that sped up hides nothing of it
    elif significant:
        outcome, allowed = "faster", (allowed[0], 0.0)
    else:
        outcome = "no_difference_shown"
    detectable = detectable_ratio(estimate, tested.level, allowed)
    if outcome == "no_difference_shown":
        reasons = (_explain_undecided(evidence, estimate, tested.level, detectable, criteria),)
    ratio = interval(estimate, tested.level)
    verdict = replace(
        _start_verdict(evidence, outcome),
        ratio=ratio,
        level=tested.level,
        p_value=tested.difference,
        equivalence_p_value=tested.equivalence,
        detectable_ratio=detectable,
        reasons=reasons,
        notes=notes + _note_ranks(estimate, outcome, ratio) + explain_by_operators(*evidence.proofs, outcome),
    )
    return Judged(verdict=verdict, estimate=estimate)


def _note_autocorrelation(evidence: Evidence, estimate: LogRatio) -> tuple[Reason, ...]:
    """Say why an interval is much wider than the number of repetitions suggests."""
    made = _count(evidence)
    if estimate.counts is None or all(
        2 * effective > count for effective, count in zip(estimate.counts, made, strict=True)
    ):
        return ()
    values = {
        "base": str(made[0]),
        "base_effective": f"{estimate.counts[0]:.1f}",
        "new": str(made[1]),
        "new_effective": f"{estimate.counts[1]:.1f}",
    }
    return (Reason(code="autocorrelated", values=values),)


def _note_ranks(estimate: LogRatio, outcome: Outcome, ratio: Interval) -> tuple[Reason, ...]:
    """Say why there is a difference though the interval of the means includes 1."""
    if estimate.ranks is None or outcome not in {"faster", "slower"} or not ratio.low <= 1 <= ratio.high:
        return ()
    slower = estimate.ranks.slower_share
    share = slower if outcome == "slower" else 1 - slower
    return (Reason(code="shown_by_ranks", values={"outcome": outcome, "share_percent": f"{100 * share:.0f}"}),)


def _explain_undecided(
    evidence: Evidence, estimate: LogRatio, level: float, detectable: float, criteria: Criteria
) -> Reason:
    change = evidence.host_change
    if change is not None and difference_p_value(estimate) <= level:
        return explain_by_host_change(change)
    if change is not None and equivalence_p_value(estimate, criteria.margin_ratio) <= criteria.equivalence_level:
        return explain_by_host_change(change, criteria.margin_ratio)
    values = {
        "margin_percent": f"{100 * criteria.margin_ratio:.3g}",
        "detectable_percent": f"{100 * min(detectable, MAX_DISPLAYED_CHANGE):.1f}",
    }
    return Reason(code="neither_shown", values=values)
