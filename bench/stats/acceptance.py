"""Compare one value with one limit.

A value with an interval passes if the whole interval is within the limit, fails if none of it is, and is undecided
otherwise: noise favours neither the unit nor its buyer.

Method: guarded acceptance and guarded rejection, JCGM 106:2012, section 8.3; ISO 14253-1.
"""

from collections.abc import Sequence
from datetime import date
from fnmatch import fnmatchcase

from bench.records.qualification import GLOB_CHECKS, Limit, Rule, RuleOutcome, RuleVerdict, Value
from bench.records.reason import Reason
from bench.records.summary import Interval

_LONGEST_LIST = 1000
"""Characters of a list of missing words that are kept: a policy may ask for hundreds."""


def stated_limit(rule: Rule) -> Limit | None:
    """Return the limit that a rule states; None if references give it."""
    match rule:
        case Rule(equals=bool() | int() | float() | str() as wanted):
            return Limit(comparator="equals", wanted=wanted)
        case Rule(one_of=tuple() as words):
            return Limit(comparator="one_of", wanted=words)
        case Rule(contains=tuple() as words):
            return Limit(comparator="contains", wanted=words)
        case Rule(at_least=int() | float() as least):
            return Limit(comparator="at_least", wanted=least)
        case Rule(at_most=int() | float() as most):
            return Limit(comparator="at_most", wanted=most)
        case _:
            return None


def hold(
    value: Value, interval: Interval | None, limit: Limit, *, globs: bool = False
) -> tuple[RuleOutcome, Reason | None]:
    """Compare a value with a limit.

    Args:
        value: Of the kind that the limit is for.
        interval: Its interval, if it has one that is compared.
        limit: The limit.
        globs: The words that must be contained are globs.

    Returns:
        The outcome, and a reason where words are missing or the interval decides nothing.
    """
    match limit.comparator, limit.wanted, value:
        case "at_least" | "at_most", int() | float() as wanted, int() | float():
            return _hold_number(float(value), interval, float(wanted), upper=limit.comparator == "at_most")
        case "contains", tuple() as words, tuple():
            missing = [word for word in words if not _has(value, word, globs=globs)]
            return ("failed", _missing(missing)) if missing else ("passed", None)
        case "one_of", tuple() as words, str():
            return ("passed" if value in words else "failed"), None
        case _:
            return ("passed" if value == limit.wanted else "failed"), None


def find_verdict_problem(verdict: RuleVerdict, judged_on: date) -> str | None:
    """Return why a verdict does not follow from its own value and limit; None if it does.

    Args:
        verdict: As stated.
        judged_on: The day, in UTC: a waiver that had ended waives nothing.
    """
    first = verdict.reasons[0] if verdict.reasons else None
    outcome = verdict.outcome
    if outcome == "waived":
        outcome_before = first.values.get("outcome") if first is not None and first.code == "waived" else None
        if first is None or outcome_before not in {"failed", "undecided"}:
            return "no waiver says what was waived"
        until = first.values.get("until", "")
        if until < str(judged_on):
            return f"its waiver ended on {until or 'no day'}"
        outcome = "failed" if outcome_before == "failed" else "undecided"
    if verdict.value is None:
        allowed = first is not None and first.code == "unavailable_allowed"
        return "it has no value" if outcome == "passed" and not allowed else None
    if verdict.limit is None:
        return None if outcome == "undecided" else "it has no limit"
    held, _ = hold(verdict.value, verdict.interval, verdict.limit, globs=verdict.check in GLOB_CHECKS)
    return None if held == outcome else f"its value and its limit say {held}"


def matches(label: str | None, patterns: tuple[str, ...] | None) -> bool:
    """Return whether a cell's label matches a rule's or a waiver's globs; None matches all."""
    return patterns is None or (label is not None and any(fnmatchcase(label, pattern) for pattern in patterns))


def _missing(words: Sequence[str]) -> Reason:
    return Reason(code="missing_words", values={"words": ", ".join(words)[:_LONGEST_LIST]})


def _hold_number(
    point: float, interval: Interval | None, wanted: float, *, upper: bool
) -> tuple[RuleOutcome, Reason | None]:
    low, high = (point, point) if interval is None else (interval.low, interval.high)
    best, worst = (low, high) if upper else (-high, -low)
    bound = wanted if upper else -wanted
    if worst <= bound:
        return "passed", None
    return ("failed", None) if best > bound else ("undecided", Reason(code="interval_spans_limit"))


def _has(values: tuple[str, ...], word: str, *, globs: bool) -> bool:
    return any(fnmatchcase(value, word) for value in values) if globs else word in values
