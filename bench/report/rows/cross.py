"""The rows of the cross table: each precision, format and backend of a workload against eager fp32."""

from collections.abc import Iterator, Mapping

import msgspec

from bench.records.bundle import Contents
from bench.records.case import Case, case_name, in_fp32, reference_case
from bench.records.plan import Cell, CellId
from bench.records.profile import LayoutName
from bench.records.record import Record
from bench.records.summary import TOO_FEW, CellSummary, Interval, Mark
from bench.stats.break_even import BreakEven, calls_to_break_even
from bench.stats.interval import divide_intervals

_SAME = Interval(point=1.0, low=1.0, high=1.0)


class CrossRow(Record, frozen=True, kw_only=True):
    """One variant of a workload against eager fp32.

    Attributes:
        latency_s: Point estimate; the run's table has its interval.
        speed_ratio: Latency of eager fp32 over this latency: 2 is twice as fast. Of eager fp32 itself exactly 1.
        marks: Those of either latency that say that its repetitions are too few for an interval.
        relative_error: Of the outputs against eager fp32; None if nothing was checked.
        int8_operations: Operations that became int8, of those that can, such as `53 of 54`; None in other precisions.
        quantized_layers: Linear layers that were quantized, of all; None in other precisions.
        compile_s, load_s, first_call_s: Seconds before the second call.
        break_even_calls: Calls until compiling, loading and first calling are won back from eager in the same
            precision; None for eager itself, and where eager was not measured in that precision.
    """

    cell: CellId
    case: Case
    layout: LayoutName
    latency_s: float
    speed_ratio: Interval
    marks: tuple[Mark, ...]
    relative_error: float | None
    int8_operations: str | None
    quantized_layers: str | None
    compile_s: float
    load_s: float
    first_call_s: float
    break_even_calls: BreakEven | None

    @property
    def is_faster(self) -> bool:
        """Whether the intervals show that it is faster than eager fp32."""
        return self.speed_ratio.low > 1 and "single_repetition" not in self.marks


def make_cross_rows(contents: Contents) -> Iterator[CrossRow]:
    """Return the rows of all workloads that were measured in eager fp32 and in something else.

    An `ab` run has none: its verdict compares the sides.
    """
    if contents.plan.variants:
        return
    cells = {cell.id: cell for cell in contents.plan.cells}
    measurements = {measurement.cell: measurement for measurement in contents.measurements}
    summaries = {
        case_name(cells[summary.cell].case) + cells[summary.cell].layout: summary for summary in contents.summary.cells
    }
    for summary in contents.summary.cells:
        cell = cells[summary.cell]
        fp32 = _find_eager(in_fp32(cell.case), cell, summaries)
        if fp32 is None or not _has_alternative(cell, contents):
            continue
        proof = measurements[cell.id].proof
        yield CrossRow(
            cell=cell.id,
            case=cell.case,
            layout=cell.layout,
            latency_s=summary.latency_s.point,
            speed_ratio=_SAME if fp32 is summary else divide_intervals(fp32.latency_s, summary.latency_s),
            marks=tuple(mark for mark in TOO_FEW if mark in (*fp32.marks, *summary.marks)),
            relative_error=None if proof is None else proof.correctness.relative_error,
            int8_operations=None if proof is None else proof.evidence.get("int8_operations"),
            quantized_layers=None if proof is None else proof.evidence.get("quantized_layers"),
            compile_s=summary.cold_s["compile"],
            load_s=summary.cold_s["load"],
            first_call_s=summary.cold_s["first_call"],
            break_even_calls=_count_break_even_calls(cell.case, summary, _find_eager(cell.case, cell, summaries)),
        )


def _find_eager(case: Case, cell: Cell, summaries: Mapping[str, CellSummary]) -> CellSummary | None:
    """Return a case's summary in eager, in the same memory format if it was measured so.

    Some engines choose memory formats by themselves, so that the formats need not agree.
    """
    formats = (case.memory_format, "channels_last", "contiguous")
    cases = (msgspec.structs.replace(case, backend="eager", memory_format=memory_format) for memory_format in formats)
    names = (case_name(eager) + cell.layout for eager in cases)
    return next((summaries[name] for name in names if name in summaries), None)


def _has_alternative(cell: Cell, contents: Contents) -> bool:
    """Return whether the same work was also measured in another precision, format or backend."""
    measured = {summary.cell for summary in contents.summary.cells}
    same_work = {
        case_name(candidate.case)
        for candidate in contents.plan.cells
        if candidate.id in measured
        and candidate.layout == cell.layout
        and reference_case(candidate.case) == reference_case(cell.case)
    }
    return len(same_work) > 1


def _count_break_even_calls(case: Case, summary: CellSummary, eager: CellSummary | None) -> BreakEven | None:
    return None if case.backend == "eager" or eager is None else calls_to_break_even(summary, eager)
