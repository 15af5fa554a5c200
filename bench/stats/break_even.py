"""Break-even calls: when a compiler's costs are recovered by its faster calls."""

from math import ceil
from typing import Literal

from bench.records.machine import Count
from bench.records.summary import CellSummary
from bench.stats.interval import divide_intervals

BreakEven = Count | Literal["never", "unknown"]
"""`never`: its calls are slower. `unknown`: the intervals do not show whether they are faster."""


def calls_to_break_even(compiled: CellSummary, eager: CellSummary) -> BreakEven:
    """Return the calls after which a compiled case, with all that precedes its calls, has taken no more time than eager.

    It is 0 if the compiled case costs no more at first.

    Args:
        compiled: A case by any backend.
        eager: The same case by eager.
    """
    extra_s = _cost_s(compiled) - _cost_s(eager)
    if extra_s <= 0:
        return 0
    if "single_repetition" in (*eager.marks, *compiled.marks):
        return "unknown"
    speed = divide_intervals(eager.latency_s, compiled.latency_s)
    if speed.high < 1:
        return "never"
    if speed.low <= 1:
        return "unknown"
    return ceil(extra_s / (eager.latency_s.point - compiled.latency_s.point))


def _cost_s(summary: CellSummary) -> float:
    return sum(summary.cold_s[part] for part in ("prepare", "compile", "load", "first_call"))
