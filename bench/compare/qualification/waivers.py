"""Waivers: failures that somebody answers for, until a day."""

from collections.abc import Sequence
from datetime import date
from itertools import chain

from msgspec.structs import replace

from bench.compare.qualification.limits import matches
from bench.records.qualification import RuleVerdict, Waiver


def apply_waivers(
    verdicts: Sequence[RuleVerdict], waivers: Sequence[Waiver], today: date
) -> tuple[tuple[RuleVerdict, ...], tuple[str, ...]]:
    """Waive what waivers that have not ended are for.

    Args:
        verdicts: Of the policy's own rules; those that every policy has cannot be waived.
        waivers: Of the policy.
        today: In UTC.

    Returns:
        The verdicts, a waived one with its waiver as reason, and a note for each waiver that did not count.
    """
    current = [waiver for waiver in waivers if today <= waiver.until]
    ended = (
        f"the waiver of {waiver.rule} by {waiver.owner} ended on {waiver.until} and does not count ({waiver.reason})"
        for waiver in waivers
        if waiver not in current
    )
    judged = [(verdict, _find(verdict, current)) for verdict in verdicts]
    used = [waiver for _, waiver in judged if waiver is not None]
    idle = (
        f"the waiver of {waiver.rule} by {waiver.owner} until {waiver.until} is not needed: nothing it is for fails"
        for waiver in current
        if waiver not in used
    )
    return (
        tuple(verdict if waiver is None else _waive(verdict, waiver) for verdict, waiver in judged),
        tuple(chain(ended, idle)),
    )


def _find(verdict: RuleVerdict, waivers: Sequence[Waiver]) -> Waiver | None:
    if verdict.outcome == "passed":
        return None
    meant = (one for one in waivers if one.rule == verdict.rule and matches(verdict.cell, one.cells))
    return next(meant, None)


def _waive(verdict: RuleVerdict, waiver: Waiver) -> RuleVerdict:
    was = f"{verdict.outcome}: {verdict.reason}" if verdict.reason else verdict.outcome
    reason = f"waived by {waiver.owner} until {waiver.until} ({waiver.reason}); {was}"
    return replace(verdict, outcome="waived", reason=reason)
