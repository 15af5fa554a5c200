"""A run's report as Markdown: machine and software, the verdict of an `ab` run, a row for each cell, what has no number."""

from collections.abc import Iterator

from bench.records.digest import Digest
from bench.records.variant import describe_variant
from bench.report.cases import describe_case, describe_configuration, name_case
from bench.report.cell_texts import SPREAD, describe_layout, describe_share, describe_width
from bench.report.machine import describe_machine
from bench.report.markdown import (
    COMMENT_CHARACTERS,
    FOLDED_ROWS,
    MarkdownColumn,
    fit_document,
    fold,
    mark_text,
    render_markdown_table,
)
from bench.report.markdown_comparison import describe_comparison
from bench.report.printable import PrintableText
from bench.report.reasons import describe_reason
from bench.report.rows.cells import CellRow
from bench.report.run_report import RunReport
from bench.report.units import format_bytes, format_seconds, format_significant

_COLUMNS = (
    MarkdownColumn("workload"),
    MarkdownColumn("configuration"),
    MarkdownColumn("layout"),
    MarkdownColumn("latency", is_number=True),
    MarkdownColumn("±", is_number=True),
    MarkdownColumn("throughput", is_number=True),
    MarkdownColumn("% of peak", is_number=True),
    MarkdownColumn("memory", is_number=True),
    MarkdownColumn("n", is_number=True),
    MarkdownColumn("marks"),
)


def render_markdown_run(
    report: RunReport, content_digest: Digest | None = None, *, limit: int = COMMENT_CHARACTERS
) -> PrintableText:
    """Return the whole document, no longer than a comment may be.

    Args:
        report: Of the run.
        content_digest: Of its bundle, if it is known.
        limit: In characters.
    """
    return fit_document(lambda rows: _describe_run(report, content_digest, rows), limit)


def _describe_run(report: RunReport, content_digest: Digest | None, rows: int) -> Iterator[str]:
    plan, cells = report.plan, report.rows.cells
    yield f"### bench: suite {mark_text(plan.suite)} with profile {mark_text(plan.profile.name)}"
    yield ""
    yield f"On {mark_text(describe_machine(report.machine))}"
    yield ""
    if report.comparison is not None:
        for variant in plan.variants:
            yield f"- side {variant.name}: {mark_text(describe_variant(variant))}"
        yield ""
        yield from describe_comparison(report.comparison, rows)
    if cells:
        table = render_markdown_table(_COLUMNS, [_row(row) for row in cells], rows)
        folded = len(cells) > FOLDED_ROWS or report.comparison is not None
        yield from fold(f"{len(cells)} cells", table) if folded else table
    missing = list(_describe_missing(report))
    if missing:
        yield from (
            fold(f"{len(missing)} without numbers", [*missing[:rows], ""]) if len(missing) > 3 else [*missing, ""]
        )
    yield f"<sub>run {report.info.run_id}, {report.info.started_at}{_describe_digest(content_digest)}</sub>"
    yield ""


def _row(row: CellRow) -> tuple[str, ...]:
    side = "" if row.side is None else f", side {row.side}"
    return (
        name_case(row.case),
        describe_configuration(row.case) + side,
        describe_layout(row),
        format_seconds(row.latency_s.point),
        describe_width(row.marks, row.latency_s, SPREAD),
        f"{format_significant(row.throughput_per_s.point)} {row.unit}/s",
        describe_share(row),
        format_bytes(row.peak_memory_bytes),
        f"{row.repetitions}×{row.samples // row.repetitions}",
        ", ".join(mark.replace("_", " ") for mark in row.marks),
    )


def _describe_missing(report: RunReport) -> Iterator[str]:
    """Yield a line for each cell without numbers, and for each case that was refused."""
    for row in report.rows.failed:
        yield f"- no number for {mark_text(describe_case(row.case))}, {row.layout}: {mark_text(describe_reason(row.reason))}"
    for refusal in report.plan.refused:
        yield f"- refused {mark_text(describe_case(refusal.case))}: {mark_text(describe_reason(refusal.reason))}"


def _describe_digest(content_digest: Digest | None) -> str:
    return "" if content_digest is None else f", bundle {mark_text(content_digest)}"
