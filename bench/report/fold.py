"""Say once what holds for many: of reasons that differ only in what was measured, the range of it."""

from collections.abc import Iterable, Iterator, Sequence

from bench.records.reason import Reason, format_reason
from bench.report.printable import printable
from bench.report.reasons import describe_reason

MEASURED = frozenset({"could_show_percent", "detectable_percent", "needed", "scatter_percent"})
"""Values of reasons that differ from cell to cell and from machine to machine."""


def fold_reasons(said: Iterable[tuple[str, Reason]]) -> Iterator[tuple[list[str], str]]:
    """Yield each reason as a sentence once, with the names that it was said of, in the order of the first.

    Args:
        said: Name of a cell or machine, and a reason.
    """
    groups: dict[str, list[tuple[str, Reason]]] = {}
    for name, reason in said:
        groups.setdefault(_format_fixed(reason), []).append((name, reason))
    for members in groups.values():
        reasons = [reason for _, reason in members]
        values = {name: _span([reason.values[name] for reason in reasons]) for name in reasons[0].values}
        yield [name for name, _ in members], describe_reason(Reason(code=reasons[0].code, values=values))


def name_some(names: Sequence[str], most: int) -> str:
    """Return the first of some names, and how many more there are."""
    shown = ", ".join(map(printable, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _format_fixed(reason: Reason) -> str:
    """Return what must be equal in reasons that are told as one."""
    fixed = {name: "" if name in MEASURED and _is_number(value) else value for name, value in reason.values.items()}
    return format_reason(Reason(code=reason.code, values=fixed))


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _span(values: Sequence[str]) -> str:
    """Return the value that all have, or the least and the greatest."""
    if len(set(values)) == 1:
        return values[0]
    return f"{min(values, key=float)} to {max(values, key=float)}"
