"""When a compiler has paid for itself."""

from math import ceil

from bench.records.summary import CellSummary


def calls_to_break_even(compiled: CellSummary, eager: CellSummary) -> int | None:
    """Calls after which making, loading and first calling a compiled case has cost no more time than eager had.

    Args:
        compiled: A case by any backend.
        eager: The same case by eager.

    Returns:
        0 if it costs nothing more; None if its calls are no faster, so that it never pays.
    """
    gain_s = eager.latency_s.point - compiled.latency_s.point
    extra_s = _cost_s(compiled) - _cost_s(eager)
    if extra_s <= 0:
        return 0
    return ceil(extra_s / gain_s) if gain_s > 0 else None


def _cost_s(summary: CellSummary) -> float:
    return sum(summary.cold_s[part] for part in ("prepare", "compile", "load", "first_call"))
