"""Holding one value to one limit.

A value with an interval passes if all of the interval keeps the limit, fails if none of it does, and is
undecided between: neither the unit nor its buyer gets the benefit of the noise.

Method: guarded acceptance and guarded rejection, JCGM 106:2012, section 8.3; ISO 14253-1.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from bench.records.qualification import Limit, Rule, RuleOutcome, Value
from bench.records.reason import Reason
from bench.records.summary import Interval

_LONGEST_LIST = 1000
"""Characters of a list of missing words that are kept: a policy may ask for hundreds."""


def stated_limit(rule: Rule) -> Limit | None:
    """The limit that stands in a rule itself; None if it is to come from references."""
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
    """Hold a value to a limit.

    Args:
        value: Of the kind that the limit is for.
        interval: Its interval, if it was measured with one that counts here.
        limit: The limit.
        globs: What must be contained is written in globs.

    Returns:
        The outcome, and what is missing or in doubt.
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


def matches(label: str | None, patterns: tuple[str, ...] | None) -> bool:
    """Whether a cell's label is meant by a rule's or a waiver's globs; None means all."""
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
