"""Qualify a unit under test: apply every rule to every one of its bundles."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from bench.bundle.timestamp import format_timestamp
from bench.compare.qualification.check import Check
from bench.compare.qualification.checks import BUILT_IN, CHECKS
from bench.compare.qualification.gather import check_alike, check_apart, check_same_machine, merge_copies
from bench.compare.qualification.load import LoadedPolicy, find_shipped_digest
from bench.compare.qualification.reading import Reading, Unit
from bench.compare.qualification.references import Held, hold_against
from bench.compare.qualification.waivers import apply_waivers
from bench.errors import UsageError
from bench.records.bundle import RunId
from bench.records.qualification import (
    GLOB_CHECKS,
    PolicyName,
    Qualification,
    QualificationPolicy,
    Rule,
    RuleOutcome,
    RuleVerdict,
    Value,
    conclude,
)
from bench.records.reason import Reason
from bench.stats.acceptance import hold, matches, stated_limit
from bench.stats.tolerance import NoLimitError


def qualify(
    units: Sequence[Unit],
    references: Sequence[Unit],
    loaded: LoadedPolicy,
    *,
    now: datetime,
    unfinished: Sequence[RunId] = (),
) -> Qualification:
    """Return the verdict on a unit under test; the same in whatever order the bundles are given.

    Args:
        units: All its bundles, at least one; a copy of one counts once.
        references: Bundles of good units; empty if no rule of the policy needs them. A copy counts once.
        loaded: The policy.
        now: The time of the verdict; decides which waivers have ended.
        unfinished: Runs that were begun beside the unit's bundles and have none.

    Raises:
        UsageError: two bundles hold the same measurements, or the policy needs references or a trust store and there is none.
        BundleError: two cells of one bundle cannot be told apart.
        NotComparableError: bundles of different machines, or references of another kind.
    """
    policy = loaded.policy
    _check_needs(policy, references)
    units, references = merge_copies(units), merge_copies(references)
    units = [replace(unit, run_count=len(units)) for unit in units]
    check_apart([*units, *references])
    check_same_machine(units)
    differing = check_alike(units, references)
    own = [verdict for name, rule in policy.rules.items() for verdict in _judge_rule(name, rule, units, references)]
    waived, notes = apply_waivers(own, policy.waivers, now.date())
    built_in = [verdict for name, rule in BUILT_IN.items() for verdict in _judge_rule(name, rule, units, ())]
    verdicts = (*built_in, *waived)
    return Qualification(
        judged_at=format_timestamp(now),
        outcome=conclude(verdicts),
        policy=PolicyName(name=policy.name, digest=loaded.digest),
        bundles=tuple(unit.name for unit in units),
        references=tuple(unit.name for unit in references),
        verdicts=verdicts,
        notes=(
            *notes,
            *_error_rates(policy, waived),
            *differing,
            *_find_unasked(units, loaded),
            *(Reason(code="unfinished_run", values={"run_id": run_id}) for run_id in sorted(unfinished)),
        ),
    )


def _find_unasked(units: Sequence[Unit], loaded: LoadedPolicy) -> Iterator[Reason]:
    """Yield what a reader may believe was asked of the bundles, and was not."""
    if all(unit.roles is None for unit in units):
        yield Reason(code="no_signature_asked")
    shipped = find_shipped_digest(loaded.policy.name)
    if shipped not in {None, loaded.digest}:
        yield Reason(code="not_shipped_policy", values={"policy": loaded.policy.name, "digest": shipped or ""})


def _check_needs(policy: QualificationPolicy, references: Sequence[Unit]) -> None:
    needing = [name for name, rule in policy.rules.items() if stated_limit(rule) is None]
    if needing and not references:
        raise UsageError(f"rules {', '.join(needing)} are compared with references; name them with --reference")


def _judge_rule(name: str, rule: Rule, units: Sequence[Unit], references: Sequence[Unit]) -> Iterator[RuleVerdict]:
    check = CHECKS[rule.check]
    for unit in units:
        readings = [reading for reading in check.read(unit) if rule.cells is None or matches(reading.cell, rule.cells)]
        if not readings:
            readings = [Reading(value=None, absence="undecided", reasons=(Reason(code="no_cell_matches"),))]
        for reading in readings:
            held = None
            if reading.value is None:
                outcome, reasons = _judge_absence(rule, reading)
            else:
                held, outcome, reasons = _judge_value(rule, check, reading, reading.value, references)
            yield RuleVerdict(
                rule=name,
                check=check.name,
                run_id=unit.name.run_id,
                cell=reading.cell,
                value=reading.value if held is None else held.value,
                interval=None if held is None else held.interval,
                unit=check.unit if held is None else held.unit,
                limit=stated_limit(rule) if held is None else held.limit,
                outcome=outcome,
                reasons=reasons,
            )


def _judge_value(
    rule: Rule, check: Check, reading: Reading, value: Value, references: Sequence[Unit]
) -> tuple[Held | None, RuleOutcome, tuple[Reason, ...]]:
    """Return the value with its limit, the outcome, and the reasons."""
    stated = stated_limit(rule)
    try:
        if stated is None:
            held = hold_against(references, rule, check, reading)
        else:
            held = Held(value=value, interval=reading.interval, unit=check.unit, limit=stated)
    except NoLimitError as error:
        return None, "undecided", (error.reason,)
    outcome, reason = hold(held.value, held.interval, held.limit, globs=check.name in GLOB_CHECKS)
    return held, outcome, (*(() if reason is None else (reason,)), *reading.reasons)


def _judge_absence(rule: Rule, reading: Reading) -> tuple[RuleOutcome, tuple[Reason, ...]]:
    """Judge a missing value: a policy may let pass what the kernel does not show, never what was not measured."""
    if reading.absence == "undecided":
        return "undecided", reading.reasons
    if reading.absence == "failed":
        return "failed", reading.reasons
    if rule.unavailable == "pass":
        return "passed", (Reason(code="unavailable_allowed", values={"reason": rule.reason or ""}),)
    return "failed", (Reason(code="unavailable"),)


def _error_rates(policy: QualificationPolicy, verdicts: Sequence[RuleVerdict]) -> Iterator[Reason]:
    """Yield how often a good unit fails by chance: Boole's inequality over all values with a derived limit."""
    for name, rule in policy.rules.items():
        derived = [
            verdict
            for verdict in verdicts
            if verdict.rule == name and verdict.limit is not None and verdict.limit.derivation is not None
        ]
        if rule.tolerance is not None and derived:
            share = min(1.0, len(derived) * (1 - rule.tolerance.coverage))
            yield Reason(
                code="chance_of_failure",
                values={
                    "rule": name,
                    "limits": str(len(derived)),
                    "coverage_percent": f"{rule.tolerance.coverage * 100:.4g}",
                    "chance_percent": f"{share * 100:.3g}",
                },
            )
