"""Name the operators and oneDNN kernels that changed between the sides of a cell. Pure.

They are of one untimed call a side, so they explain a verdict and are none.
"""

from collections.abc import Iterator, Mapping

from bench.records.measurement import OperatorProfile, OperatorTime, Proof
from bench.records.reason import Reason
from bench.records.verdict import Outcome

NAMED_MAX = 3
"""Operators that are named, and kernels."""

LEAST_SHARE = 0.1
"""An operator is named if its own time changed by this share of all changes in the verdict's direction, or more."""

LEAST_CHANGE_RATIO = 0.02
"""And by this share of base's call: one call scatters."""


def explain_by_operators(base: Proof | None, new: Proof | None, outcome: Outcome) -> tuple[Reason, ...]:
    """Return what changed in the direction of a verdict, the largest change first; nothing where none is recorded.

    Args:
        base: The evidence of base.
        new: The evidence of new.
        outcome: `slower` names operators that take longer, `faster` those that take less; other outcomes none.
    """
    if base is None or new is None or outcome not in {"slower", "faster"}:
        return ()
    operators = (
        ()
        if base.operators is None or new.operators is None
        else _explain_operators(base.operators, new.operators, 1 if outcome == "slower" else -1)
    )
    return (*operators, *_explain_kernels(base.primitives, new.primitives))


def _explain_operators(base: OperatorProfile, new: OperatorProfile, sign: int) -> Iterator[Reason]:
    before, after = ({entry.name: entry for entry in profile.operators} for profile in (base, new))
    changes = {name: sign * (_own_ns(after, name) - _own_ns(before, name)) for name in before.keys() | after.keys()}
    total = sum(change for change in changes.values() if change > 0)
    least = max(LEAST_SHARE * total, LEAST_CHANGE_RATIO * base.elapsed_ns)
    named = sorted((-change, name) for name, change in changes.items() if change >= least)
    for _, name in named[:NAMED_MAX]:
        yield Reason(
            code="operator_changed",
            values={
                "operator": name,
                "base_ms": f"{_own_ns(before, name) / 1e6:.3g}",
                "base_calls": _count_calls(before, name),
                "new_ms": f"{_own_ns(after, name) / 1e6:.3g}",
                "new_calls": _count_calls(after, name),
            },
        )


def _own_ns(operators: Mapping[str, OperatorTime], name: str) -> int:
    """Return an operator's own time; 0 if it is not among those with the most."""
    return operators[name].own_ns if name in operators else 0


def _count_calls(operators: Mapping[str, OperatorTime], name: str) -> str:
    return str(operators[name].calls) if name in operators else "0"


def _explain_kernels(base: Mapping[str, int], new: Mapping[str, int]) -> Iterator[Reason]:
    changes = {name: abs(new.get(name, 0) - base.get(name, 0)) for name in base.keys() | new.keys()}
    named = sorted((-change, name) for name, change in changes.items() if change)
    for _, name in named[:NAMED_MAX]:
        values = {"kernel": name, "base": str(base.get(name, 0)), "new": str(new.get(name, 0))}
        yield Reason(code="kernel_changed", values=values)
