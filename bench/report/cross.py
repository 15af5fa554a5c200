"""The cross table: what every precision, format and backend of a workload is worth against eager fp32."""

from collections.abc import Iterator, Mapping

import msgspec
from tabulate import tabulate

from bench.records.bundle import Contents
from bench.records.case import Case, case_name
from bench.records.measurement import Proof
from bench.records.plan import Cell
from bench.records.summary import CellSummary
from bench.report.units import format_seconds
from bench.stats.break_even import calls_to_break_even

_HEADERS = ("workload", "precision", "format", "backend", "latency", "speed", "error", "int8", "compile", "load", "first call", "pays after")  # fmt: skip
_ALIGN = ("left",) * 4 + ("right",) * 8


def render_cross_table(contents: Contents) -> str | None:
    """The table; None if no workload was measured in eager fp32 and in something else.

    Speed is eager fp32's latency over this one's, of the medians that the table above shows with their
    intervals. Error is against eager fp32 on the same weights and inputs. A compiler pays after so many calls,
    against eager in the same precision.
    """
    rows = list(_rows(contents))
    if not rows:
        return None
    table = tabulate(rows, _HEADERS, tablefmt="simple", disable_numparse=True, colalign=_ALIGN)
    return (
        f"against eager fp32:\n\n{table}\n\n"
        "speed: eager fp32's latency over this one's; error: relative, of the outputs; int8: operations that became it, "
        "of those that can\npays after: calls until compiling, loading and first calling are won back from eager in the "
        "same precision"
    )


def _rows(contents: Contents) -> Iterator[tuple[str, ...]]:
    cells = {cell.id: cell for cell in contents.plan.cells}
    measurements = {measurement.cell: measurement for measurement in contents.measurements}
    summaries = {case_name(cells[one.cell].case) + cells[one.cell].layout: one for one in contents.summary.cells}
    for summary in contents.summary.cells:
        cell = cells[summary.cell]
        fp32 = _find_eager(msgspec.structs.replace(cell.case, precision="fp32", quant_engine=None), cell, summaries)
        same_work = (cells[one.cell] for one in contents.summary.cells if _is_same_work(cells[one.cell], cell))
        if fp32 is not None and len({case_name(one.case) for one in same_work}) > 1:
            eager = _find_eager(cell.case, cell, summaries)
            yield _row(cell, summary, fp32, eager, measurements[cell.id].proof)


def _find_eager(case: Case, cell: Cell, summaries: Mapping[str, CellSummary]) -> CellSummary | None:
    """A case in eager, in the same memory format if it was measured so: some engines lay out by themselves."""
    formats = (case.memory_format, "channels_last", "contiguous")
    cases = (msgspec.structs.replace(case, backend="eager", memory_format=one) for one in formats)
    names = (case_name(one) + cell.layout for one in cases)
    return next((summaries[name] for name in names if name in summaries), None)


def _is_same_work(one: Cell, other: Cell) -> bool:
    return one.layout == other.layout and _work(one.case) == _work(other.case)


def _work(case: Case) -> Case:
    return msgspec.structs.replace(
        case, precision="fp32", memory_format="contiguous", backend="eager", quant_engine=None
    )


def _row(
    cell: Cell, summary: CellSummary, fp32: CellSummary, eager: CellSummary | None, proof: Proof | None
) -> tuple[str, ...]:
    case, cold = cell.case, summary.cold_s
    name = " ".join(filter(None, (case.workload, case.phase, "" if case.mode == "inference" else case.mode)))
    precision = case.precision if case.quant_engine is None else f"{case.precision} {case.quant_engine}"
    return (
        name,
        precision,
        case.memory_format,
        case.backend,
        format_seconds(summary.latency_s.point),
        f"{fp32.latency_s.point / summary.latency_s.point:.2f}×",
        "" if proof is None else f"{proof.correctness.relative_error:.1e}",
        "" if proof is None else proof.evidence.get("int8_operations", ""),
        format_seconds(cold["compile"]) if cold["compile"] else "",
        format_seconds(cold["load"]) if cold["load"] else "",
        format_seconds(cold["first_call"]),
        _describe_break_even(case, summary, eager),
    )


def _describe_break_even(case: Case, summary: CellSummary, eager: CellSummary | None) -> str:
    if case.backend == "eager" or eager is None:
        return ""
    calls = calls_to_break_even(summary, eager)
    return "never" if calls is None else f"{calls} calls"
