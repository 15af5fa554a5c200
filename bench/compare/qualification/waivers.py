"""Apply waivers: failures that a named owner accepts until a date."""

from collections.abc import Sequence
from datetime import date
from itertools import chain

from msgspec.structs import replace

from bench.records.qualification import RuleVerdict, Waiver
from bench.records.reason import Reason
from bench.stats.acceptance import matches


def apply_waivers(
    verdicts: Sequence[RuleVerdict], waivers: Sequence[Waiver], today: date
) -> tuple[tuple[RuleVerdict, ...], tuple[Reason, ...]]:
    """Return the verdicts with waivers applied.

    Args:
        verdicts: Of the policy's own rules; built-in rules cannot be waived.
        waivers: Of the policy.
        today: In UTC.

    Returns:
        The verdicts, a waived one with its waiver as first reason, and a note for each waiver that has ended or is not needed.
    """
    current = [waiver for waiver in waivers if today <= waiver.until]
    ended = (
        Reason(code="waiver_ended", values=_name(waiver) | {"reason": waiver.reason})
        for waiver in waivers
        if waiver not in current
    )
    judged = [(verdict, _find(verdict, current)) for verdict in verdicts]
    used = [waiver for _, waiver in judged if waiver is not None]
    idle = (Reason(code="waiver_not_needed", values=_name(waiver)) for waiver in current if waiver not in used)
    return (
        tuple(verdict if waiver is None else _waive(verdict, waiver) for verdict, waiver in judged),
        tuple(chain(ended, idle)),
    )


def _find(verdict: RuleVerdict, waivers: Sequence[Waiver]) -> Waiver | None:
    if verdict.outcome == "passed":
        return None
    meant = (waiver for waiver in waivers if waiver.rule == verdict.rule and matches(verdict.cell, waiver.cells))
    return next(meant, None)


def _waive(verdict: RuleVerdict, waiver: Waiver) -> RuleVerdict:
    values = {
        "owner": waiver.owner,
        "until": str(waiver.until),
        "reason": waiver.reason,
        "outcome": verdict.outcome,
    }
    return replace(verdict, outcome="waived", reasons=(Reason(code="waived", values=values), *verdict.reasons))


def _name(waiver: Waiver) -> dict[str, str]:
    return {"rule": waiver.rule, "owner": waiver.owner, "until": str(waiver.until)}
