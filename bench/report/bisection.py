"""A bisection as text: a row for each trial, why some were skipped, and the answer with its interval and bundle."""

from bench.records.bisection import EXIT_STATUS, Bisection, Trial
from bench.records.summary import Interval
from bench.report.cases import describe_case
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.report.table import Column, render_table
from bench.report.units import format_change, format_range, format_ratio

COLUMNS = (
    Column("candidate"),
    Column("verdict"),
    Column("latency", "right"),
    Column("interval", "right"),
    Column("margin", "right", rank=1),
    Column("bundle", rank=2),
)


def render_bisection(bisection: Bisection, width: int | None = None) -> PrintableText:
    """Return the whole bisection, with a table no wider than asked."""
    lines = [
        f"each candidate against {bisection.candidates[0]}, interleaved; latency is of the cell that changed most",
        "",
    ]
    lines += [render_table(COLUMNS, [_row(trial) for trial in bisection.trials], width), ""]
    lines += [
        f"{trial.candidate}: skipped: {describe_reason(trial.reason)}" for trial in bisection.trials if trial.reason
    ]
    lines += _describe_first_bad(bisection)
    lines.append(f"{_describe_outcome(bisection)} (exit status {EXIT_STATUS[bisection.outcome]})")
    return join_lines(lines)


def _row(trial: Trial) -> tuple[str, ...]:
    ratio = _find_greatest(trial)
    change = ("", "") if ratio is None else (format_ratio(ratio.point), format_range(ratio))
    return (trial.candidate, trial.verdict, *change, format_change(trial.margin_ratio), trial.bundle or "")


def _find_greatest(trial: Trial) -> Interval | None:
    ratios = [cell.ratio for cell in trial.cells if cell.ratio is not None]
    return max(ratios, key=lambda ratio: ratio.point, default=None)


def _describe_first_bad(bisection: Bisection) -> list[str]:
    """Return a line for each cell that is slower with the first bad candidate."""
    trial = next((trial for trial in bisection.trials if trial.candidate == bisection.first_bad), None)
    if trial is None:
        return []
    lines = [
        f"{describe_case(cell.case)}, {cell.layout}: {format_ratio(cell.ratio.point)} "
        f"({format_range(cell.ratio)}) with {trial.candidate}"
        for cell in trial.cells
        if cell.outcome == "slower" and cell.ratio is not None
    ]
    return [*lines, f"shown by {trial.bundle}"]


def _describe_outcome(bisection: Bisection) -> str:
    first, last = bisection.candidates[0], bisection.candidates[-1]
    match bisection.outcome:
        case "found":
            return f"first bad: {bisection.first_bad}; last good: {bisection.last_good}"
        case "narrowed":
            skipped = ", ".join(bisection.skipped)
            return f"first bad: {bisection.first_bad}, or one that was skipped ({skipped}); last good: {bisection.last_good}"
        case "no_regression":
            return f"no regression: {last} is faster than {first}, or equivalent within the margin, in every cell"
        case "undecided":
            return f"undecided: too noisy to say whether {last} is slower than {first}; give --repetitions more"
        case "not_comparable":
            return f"not comparable: {last} and {first}; bench show prints why"
        case "cells_failed":
            return f"cells failed, and none is shown to be slower with {last} than with {first}; bench show prints why"
