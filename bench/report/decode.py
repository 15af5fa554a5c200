"""The decode table as text: tokens a second against the depth of the key-value cache."""

from collections.abc import Sequence

from bench.report.cases import name_precision
from bench.report.printable import PrintableText, join_lines
from bench.report.rows.decode import DecodeRow
from bench.report.table import Column, render_table
from bench.report.units import format_significant

_COLUMNS = (
    Column("workload"),
    Column("depth\ntokens", "right"),
    Column("precision"),
    Column("backend"),
    Column("batch", "right", fold=1),
    Column("layout", fold=1),
    Column("side", fold=1),
    Column("tokens/s", "right"),
    Column("MB per\ntoken", "right"),
    Column("% of read\nbandwidth", "right"),
)

LEGEND = (
    "depth: tokens in the key-value cache when the first one is generated. MB per token: least memory traffic of one "
    "token: weights, cache, logits. % of read bandwidth: that traffic, of what this run's probes read in the same time."
)
"""What the columns mean, in the text and in the page."""


def render_decode_table(rows: Sequence[DecodeRow], width: int | None = None) -> PrintableText:
    """Return the table, no wider than asked, with its heading and legend."""
    table = render_table(_COLUMNS, [_describe(row) for row in rows], width)
    return join_lines(["decode, by depth:", "", table, "", LEGEND])


def _describe(row: DecodeRow) -> tuple[str, ...]:
    ratio = row.read_bandwidth_ratio
    return (
        row.case.workload,
        str(row.depth_tokens),
        name_precision(row.case),
        row.case.backend,
        str(row.case.batch_size),
        row.layout,
        row.side or "",
        format_significant(row.tokens_per_s),
        format_significant(row.bytes_per_token / 1e6),
        "" if ratio is None else f"{ratio * 100:.0f}",
    )
