"""A qualification as text: the verdict, a table of rules with values and limits, and what a reader must know besides."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from bench.records.qualification import Qualification, QualificationOutcome, RuleVerdict, Value
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.report.table import Column, render_table
from bench.report.units import format_quantity

OUTCOMES: Mapping[QualificationOutcome, str] = MappingProxyType(
    {
        "qualified": "QUALIFIED",
        "not_qualified": "NOT QUALIFIED",
        "undecided": "UNDECIDED: too noisy or too few data to say",
        "not_verified": "NOT VERIFIED: a signature that the policy asks for is missing",
    }
)
_LONGEST_LIST = 60
"""Characters of a list of words that are shown; a machine has a hundred ISA flags."""

_COMPARATORS = MappingProxyType(
    {"equals": "", "one_of": "one of ", "contains": "has ", "at_least": "≥ ", "at_most": "≤ "}
)


def render_qualification(qualification: Qualification, width: int | None = None) -> PrintableText:
    """All of it, with a table no wider than asked; the verdict first."""
    several = len(qualification.bundles) > 1
    rows = [
        (
            verdict.rule,
            verdict.outcome,
            *((verdict.run_id,) if several else ()),
            verdict.cell or "",
            describe_value(verdict),
            describe_limit(verdict),
            describe_reasons(verdict),
        )
        for verdict in qualification.verdicts
    ]
    columns = (
        Column("rule"),
        Column("outcome"),
        *((Column("run", fold=2),) if several else ()),
        Column("cell", fold=2),
        Column("value", "right"),
        Column("limit", "right"),
        Column("", fold=1),
    )
    counts = Counter(verdict.outcome for verdict in qualification.verdicts)
    return join_lines(
        [
            f"{OUTCOMES[qualification.outcome]} ({', '.join(f'{count} {name}' for name, count in counts.items())})",
            f"policy {qualification.policy.name} {qualification.policy.digest}",
            *(f"bundle {bundle.run_id} {bundle.digest}" for bundle in qualification.bundles),
            *(f"reference {bundle.run_id} {bundle.digest}" for bundle in qualification.references),
            "",
            render_table(columns, rows, width),
            *map(describe_reason, qualification.notes),
        ]
    )


def describe_value(verdict: RuleVerdict) -> str:
    """Return the value, with its interval where that was compared with the limit."""
    if verdict.value is None:
        return "none"
    shown = _format(verdict.value, verdict.unit)
    if (
        verdict.limit is not None
        and shown == _format(verdict.limit.wanted, verdict.unit)
        and verdict.outcome == "failed"
    ):
        shown = repr(verdict.value)
    if verdict.interval is None:
        return shown
    low, high = _format(verdict.interval.low, verdict.unit), _format(verdict.interval.high, verdict.unit)
    return f"{shown} ({low} to {high})"


def describe_limit(verdict: RuleVerdict) -> str:
    """Return the limit, and where it comes from."""
    limit = verdict.limit
    if limit is None:
        return "none"
    words = ", ".join(limit.wanted) if isinstance(limit.wanted, tuple) else ""
    shown = f"{_COMPARATORS[limit.comparator]}{words or _format(limit.wanted, verdict.unit)}"
    return shown if limit.derivation is None else f"{shown} {describe_reason(limit.derivation)}"


def describe_reasons(verdict: RuleVerdict) -> str:
    """What a reader must know besides value and limit; empty if nothing."""
    return "; ".join(map(describe_reason, verdict.reasons))


def _format(value: Value, unit: str) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case tuple():
            joined = ", ".join(value)
            return joined if len(joined) <= _LONGEST_LIST else f"{len(value)} of them"
        case int() | float():
            return format_quantity(value, unit)
