"""What a run ends with on a terminal: what was found, what stands out, and what to do next."""

import shlex
from collections.abc import Iterator, Sequence

from bench.records.case import Case
from bench.report.cases import name_case
from bench.report.cell_texts import describe_width
from bench.report.fold import name_some
from bench.report.printable import PrintableText, join_lines
from bench.report.rows.cells import CellRow
from bench.report.rows.cross import CrossRow
from bench.report.run_report import RunReport

FAR_RATIO = 0.10
"""Below this share of the peak that bounds it, a cell spends its time on something else than what was counted."""

NAMED_MAX = 3
"""Cells that are named of those that stand out."""


def render_closing(report: RunReport) -> PrintableText:
    """Return three lines, or two where nothing stands out."""
    found = f"found: {_describe_found(report)}"
    remarkable = "; ".join(describe_remarkable(report.rows.cells, hint=" (--evidence shows their kernels)"))
    bundle = shlex.quote(report.bundle)
    following = f"next: bench show {bundle} --evidence; bench compare {bundle} NEW; bench reproduce {bundle}"
    return join_lines([found, *([f"stands out: {remarkable}"] if remarkable else []), following])


def _describe_found(report: RunReport) -> str:
    rows = report.rows
    count = f"{len(rows.cells)} of {len(report.plan.cells)} cells have a number"
    fastest = find_fastest(rows.cross)
    if fastest is None:
        return count
    speed = fastest.speed_ratio
    interval = f"{speed.point:.2f}× ({speed.low:.2f} to {speed.high:.2f})"
    return f"{count}; fastest against eager fp32: {name_variant(fastest)}, {interval}"


def find_fastest(rows: Sequence[CrossRow]) -> CrossRow | None:
    """Return what is fastest against eager fp32; None if nothing is shown to be faster."""
    return max((row for row in rows if row.is_faster), key=lambda row: row.speed_ratio.point, default=None)


def describe_remarkable(rows: Sequence[CellRow], *, hint: str = "") -> Iterator[str]:
    """Yield what was far from its peak, and what was noisy; the most remarkable first.

    Args:
        rows: Of the cells.
        hint: Where to look closer at what is far from its peak.
    """
    far = _find_far(rows)
    if far:
        named = [f"{_name(row.case)} {ratio:.0%} of {resource}" for ratio, resource, row in far]
        yield f"far from the peak: {name_some(named, NAMED_MAX)}{hint}"
    noisy = sorted(
        (row for row in rows if {"noisy_host", "wide_latency"} & {*row.marks}),
        key=lambda row: -row.latency_s.half_width_ratio,
    )
    if noisy:
        named = [f"{_name(row.case)} {describe_width(row.marks, row.latency_s, '±{:.0f}%')}".rstrip() for row in noisy]
        yield f"noisy: {name_some(named, NAMED_MAX)}"


def _find_far(rows: Sequence[CellRow]) -> list[tuple[float, str, CellRow]]:
    """Return share of the peak, resource and row of cells far below what bounds them, lowest first."""
    shares = (
        (ratio, resource, row)
        for row in rows
        for resource, ratio in (("compute", row.peak_compute_ratio), ("memory", row.peak_bandwidth_ratio))
    )
    far = [(ratio, resource, row) for ratio, resource, row in shares if ratio is not None and ratio < FAR_RATIO]
    return sorted(far, key=lambda found: found[0])


def _name(case: Case) -> str:
    mode = "" if case.mode == "inference" else f" {case.mode}"
    return f"{name_case(case)}{mode} {case.precision}"


def name_variant(row: CrossRow) -> str:
    """Return workload, precision and backend."""
    return f"{_name(row.case)} {row.case.backend}"
