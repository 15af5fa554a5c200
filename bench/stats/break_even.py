"""Break-even calls: when a compiler's costs are recovered by its faster calls."""

from math import ceil

from bench.records.summary import CellSummary


def calls_to_break_even(compiled: CellSummary, eager: CellSummary) -> int | None:
    """Return the calls after which a compiled case, with all that precedes its calls, has taken no more time than eager.

    Args:
        compiled: A case by any backend.
        eager: The same case by eager.

    Returns:
        0 if the compiled case costs no more at first; None if its calls are no faster, so that it never breaks even.
    """
    gain_s = eager.latency_s.point - compiled.latency_s.point
    extra_s = _cost_s(compiled) - _cost_s(eager)
    if extra_s <= 0:
        return 0
    return ceil(extra_s / gain_s) if gain_s > 0 else None


def _cost_s(summary: CellSummary) -> float:
    return sum(summary.cold_s[part] for part in ("prepare", "compile", "load", "first_call"))
