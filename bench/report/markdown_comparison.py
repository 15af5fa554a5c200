"""A comparison as Markdown: the outcome, the cells that changed, and all others folded away."""

from collections.abc import Iterator

from bench.records.verdict import EXIT_STATUS, CellVerdict, Comparison
from bench.report.cases import describe_configuration, name_case
from bench.report.comparison import OUTCOMES, describe_method, describe_reasons, describe_remedy
from bench.report.markdown import (
    COMMENT_CHARACTERS,
    FOLDED_ROWS,
    MarkdownColumn,
    fit_document,
    fold,
    mark_text,
    render_markdown_table,
)
from bench.report.printable import PrintableText
from bench.report.reasons import describe_reason
from bench.report.units import format_change, format_range, format_ratio

_COLUMNS = (
    MarkdownColumn("workload"),
    MarkdownColumn("configuration"),
    MarkdownColumn("layout"),
    MarkdownColumn("verdict"),
    MarkdownColumn("latency", is_number=True),
    MarkdownColumn("interval", is_number=True),
    MarkdownColumn("could show", is_number=True),
    MarkdownColumn("n", is_number=True),
)

_SIGNS = {"no_regression": "✅", "regression": "❌", "undecided": "❔", "not_comparable": "❔"}


def render_markdown_comparison(comparison: Comparison) -> PrintableText:
    """Return the whole document, no longer than a comment may be."""
    heading = f"### bench: {', '.join(comparison.new)} against {', '.join(comparison.base)}"
    return fit_document(lambda rows: [heading, "", *describe_comparison(comparison, rows)], COMMENT_CHARACTERS)


def describe_comparison(comparison: Comparison, rows: int) -> Iterator[str]:
    """Yield the lines of a comparison without a heading.

    Args:
        comparison: The comparison.
        rows: That a table may have.
    """
    outcome = comparison.outcome
    yield f"{_SIGNS[outcome]} **{OUTCOMES[outcome]}** (exit status {EXIT_STATUS[outcome]})"
    yield ""
    changed = [cell for cell in comparison.cells if cell.outcome in {"slower", "faster"}]
    others = [cell for cell in comparison.cells if cell not in changed]
    if changed:
        yield from render_markdown_table(_COLUMNS, [_row(cell) for cell in changed], rows)
    if others:
        table = render_markdown_table(_COLUMNS, [_row(cell) for cell in others], rows)
        counts = {cell.outcome: 0 for cell in others}
        for cell in others:
            counts[cell.outcome] += 1
        summary = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
        yield from table if len(others) <= FOLDED_ROWS and not changed else fold(summary, table)
    yield from _describe_means(comparison)
    remedy = (f"- {mark_text(text)}" for text in describe_remedy(comparison))
    details = [*_describe_findings(comparison), *_describe_reasons(comparison), *remedy]
    if details:
        yield from fold("What differs, and why there is no better verdict", [*details[:rows], ""])
    yield f"<sub>latency: change from base to new, + is slower; {mark_text(describe_method(comparison))}</sub>"
    yield ""


def _row(cell: CellVerdict) -> tuple[str, ...]:
    name = (name_case(cell.case), describe_configuration(cell.case), cell.layout, cell.outcome.replace("_", " "))
    count = f"{cell.base_repetitions}/{cell.new_repetitions}"
    if cell.ratio is None:
        return (*name, "", "", "", count)
    detectable = "" if cell.detectable_ratio is None else format_change(cell.detectable_ratio)
    return (*name, format_ratio(cell.ratio.point), format_range(cell.ratio), detectable, count)


def _describe_means(comparison: Comparison) -> Iterator[str]:
    for family in comparison.families:
        change = f"{format_ratio(family.ratio.point)} ({format_range(family.ratio)})"
        yield f"- geometric mean of {mark_text(family.family)}, {family.cells} cells: latency {change}"
    if comparison.families:
        yield ""


def _describe_findings(comparison: Comparison) -> Iterator[str]:
    found = [finding for cell in comparison.cells for finding in cell.findings]
    lines = (
        f"- {finding.severity}: {mark_text(finding.field)}: {mark_text(finding.base)} → {mark_text(finding.new)}"
        for finding in (*comparison.findings, *found)
    )
    yield from dict.fromkeys(lines)


def _describe_reasons(comparison: Comparison) -> Iterator[str]:
    for note in comparison.notes:
        yield f"- {mark_text(describe_reason(note))}"
    for names, text in describe_reasons(comparison.cells):
        yield f"- {mark_text(names)}: {mark_text(text)}"
