"""A comparison as text: what differs, each cell's verdict, the means, and the outcome with its exit status."""

from collections.abc import Iterable, Iterator, Sequence

from bench.records.verdict import (
    EXIT_STATUS,
    CellVerdict,
    Comparison,
    ComparisonOutcome,
    Finding,
    RunScatter,
)
from bench.report.cases import describe_case, describe_configuration, name_case
from bench.report.fold import fold_reasons, name_some
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.report.table import Column, render_table
from bench.report.units import format_change, format_p_value, format_range, format_ratio
from bench.stats.metrics import find_column_metrics

COLUMNS = (
    Column("workload"),
    Column("", fold=1),
    Column("layout", fold=2),
    Column("verdict"),
    Column("latency", "right"),
    Column("interval", "right"),
    Column("could show", "right", rank=1),
    Column("p", "right", rank=3),
    Column("n", "right", rank=2),
)

LEGEND = (
    "latency: change from base to new, + is slower. interval: at the level with which Holm's procedure compared the cell, "
    "or half of it with many pairs, whose ranks are tested too. "
    "could show: the smallest change that four of five such comparisons would show. p: adjusted over all cells. n: valid "
    "repetitions of base/new."
)

NAMED_MAX = 3
"""Cells that are named where a reason holds for many."""

NOTES_MAX = 5
"""Notes on differences that are printed in full; more are counted."""

OUTCOMES: dict[ComparisonOutcome, str] = {
    "no_regression": "no regression: every cell is faster, or equivalent within the margin",
    "regression": "regression: at least one cell is slower",
    "undecided": "undecided: too few data, or too noisy, to call every cell faster or equivalent; none is shown slower",
    "not_comparable": "not comparable: at least one cell can have no verdict",
}

UNDECIDED = frozenset({"neither_shown", "host_changed", "host_hides_equivalence"})
"""Reasons of cells that other or more data could decide. The other reasons have a remedy of their own, or none."""

PAIRS_REMEDY = "to show smaller changes: more pairs of repetitions, by --repetitions or --budget"
RUNS_REMEDY = (
    "to show smaller changes: measure both with bench ab on one host, compare more runs a side "
    "(bench compare A1 A2 -- B1 B2), or name earlier runs of this host (--history FOLDER)"
)


def render_comparison(comparison: Comparison, width: int | None = None) -> PrintableText:
    """Return the whole comparison, with a table no wider than asked."""
    names = f"base {', '.join(comparison.base)}, new {', '.join(comparison.new)}"
    lines = [names, describe_method(comparison), ""]
    lines += describe_findings(comparison.findings)
    if comparison.cells:
        lines += [_table(comparison.cells, width), "", LEGEND]
    lines += _details(comparison.cells)
    lines += [
        f"geometric mean of {family.family}: latency {format_ratio(family.ratio.point)} "
        f"({format_range(family.ratio)}, {family.cells} cell{'s' if family.cells > 1 else ''})"
        for family in comparison.families
    ]
    lines += map(describe_reason, comparison.notes)
    lines += describe_remedy(comparison)
    lines += [f"{OUTCOMES[comparison.outcome]} (exit status {EXIT_STATUS[comparison.outcome]})"]
    return join_lines(lines)


def describe_remedy(comparison: Comparison) -> tuple[str, ...]:
    """Return what would decide the undecided cells; nothing where there is none."""
    if not any(reason.code in UNDECIDED for cell in comparison.cells for reason in cell.reasons):
        return ()
    return (PAIRS_REMEDY if comparison.run_scatter is None else RUNS_REMEDY,)


def describe_scatter(scatter: RunScatter) -> str:
    """Return what was allowed for between runs, and where the number comes from."""
    return f"scatter between runs {scatter.ratio:.2%}, {describe_reason(scatter.source)}"


def describe_findings(findings: tuple[Finding, ...]) -> list[str]:
    """Return refusals and warnings in full, and notes only counted where there are many."""
    grave = [finding for finding in findings if finding.severity != "note"]
    notes = [finding for finding in findings if finding.severity == "note"]
    lines = list(map(_describe_weighed, grave))
    if len(notes) > NOTES_MAX:
        names = ", ".join(finding.field.rsplit(".", 1)[-1] for finding in notes[:NOTES_MAX])
        return [*lines, f"note: {len(notes)} fields differ and do not forbid a verdict: {names}, ..."]
    return [*lines, *map(_describe_weighed, notes)]


def describe_finding(finding: Finding) -> str:
    """Return what differs, and whether it matters."""
    return f"{finding.field}: {finding.base} → {finding.new} ({describe_reason(finding.reason)})"


def _describe_weighed(finding: Finding) -> str:
    return f"{finding.severity}: {describe_finding(finding)}"


def describe_method(comparison: Comparison) -> str:
    """Return margin, level, and what scatter is allowed for."""
    criteria = comparison.criteria
    scatter = "repetitions interleaved on one host, compared in pairs"
    if comparison.run_scatter is not None:
        scatter = describe_scatter(comparison.run_scatter)
    return (
        f"margin {criteria.margin_ratio * 100:.3g}%, false alarm level {criteria.false_alarm_level * 100:.3g}% "
        f"over all cells; {scatter}"
    )


def _table(cells: Sequence[CellVerdict], width: int | None) -> str:
    """Return the verdicts, and beside them how the other metrics changed, of which there is no verdict."""
    metrics = find_column_metrics(cell.metric_ratios for cell in cells)
    rows = [(*_row(cell), *(_describe_metric(cell, metric.name) for metric in metrics)) for cell in cells]
    columns = (*COLUMNS, *(Column(metric.column, "right", rank=4) for metric in metrics))
    return render_table(columns, rows, width)


def _describe_metric(cell: CellVerdict, name: str) -> str:
    ratio = cell.metric_ratios.get(name)
    return "" if ratio is None else format_ratio(ratio)


def _row(cell: CellVerdict) -> tuple[str, ...]:
    verdict = cell.outcome.replace("_", " ")
    count = f"{cell.base_repetitions}/{cell.new_repetitions}"
    name = (name_case(cell.case), describe_configuration(cell.case), cell.layout)
    if cell.ratio is None or cell.p_value is None:
        return (*name, verdict, "", "", "", "", count)
    detectable = "" if cell.detectable_ratio is None else format_change(cell.detectable_ratio)
    return (
        *name,
        verdict,
        format_ratio(cell.ratio.point),
        format_range(cell.ratio),
        detectable,
        format_p_value(cell.p_value),
        count,
    )


def _details(cells: Sequence[CellVerdict]) -> Iterator[str]:
    """Return findings, reasons and notes of cells, each once where it is the same of several."""
    cells_by_text: dict[str, list[str]] = {}
    for cell in cells:
        for text in describe_findings(cell.findings):
            cells_by_text.setdefault(text, []).append(_name(cell))
    findings = [(name_some(names, NAMED_MAX), text) for text, names in cells_by_text.items()]
    return (f"{names}: {text}" for names, text in (*findings, *describe_reasons(cells)))


def describe_reasons(cells: Iterable[CellVerdict]) -> Iterator[tuple[str, str]]:
    """Yield why cells have their outcomes, and what a reader must know besides, each after the names of its cells."""
    said = ((_name(cell), reason) for cell in cells for reason in (*cell.reasons, *cell.notes))
    return ((name_some(names, NAMED_MAX), text) for names, text in fold_reasons(said))


def _name(cell: CellVerdict) -> str:
    return cell.base or cell.new or describe_case(cell.case)
