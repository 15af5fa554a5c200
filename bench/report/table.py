"""The table of a run, as text: from the bundle's own records, so that `run` and `show` print the same."""

from collections.abc import Mapping
from types import MappingProxyType

from tabulate import tabulate

from bench.records.bundle import Contents
from bench.records.case import Case
from bench.records.plan import Cell, Policy
from bench.records.summary import CellSummary, Drift, Interval, Mark
from bench.report.cross import render_cross_table
from bench.report.machine import describe_calibration, describe_machine
from bench.report.reasons import describe_reason
from bench.report.units import format_bytes, format_seconds, format_significant, format_spread
from bench.workloads.registry import WORKLOADS

CASE_HEADERS = ("mode", "precision", "format", "backend", "batch", "layout", "side")
NUMBER_HEADERS = ("latency", "", "throughput", "", "of ceiling", "first call", "memory", "n", "")

MARKS: Mapping[Mark, str] = MappingProxyType(
    {
        "steady_state_not_reached": "u",
        "sliding": "s",
        "wide_latency": "w",
        "wide_throughput": "t",
        "single_repetition": "o",
        "few_repetitions": "f",
        "above_peak": "p",
        "noisy_host": "n",
    }
)
"""Mark → its letter, which the legend explains."""

CLOCK_STEP_S = 1.0
"""A wall clock that was set by this much or more is worth a line."""

DRIFT_WARNING = 1.10
"""Probes that moved by more than this are worth a line."""


def render_results(contents: Contents) -> str:
    """The machine in three lines, the table, and what a reader must know besides."""
    plan = contents.plan
    cells = {cell.id: cell for cell in plan.cells}
    runtimes = {f"openmp {layout.runtime.openmp}, allocator {layout.runtime.allocator}" for layout in plan.layouts}
    parts = [
        describe_machine(contents.machine),
        f"profile {plan.profile.name}: {plan.profile.reason}",
        "; ".join(sorted(runtimes)),
    ]
    if contents.info.note is not None:
        parts.append(f"note: {contents.info.note}")
    if contents.summary.cells:
        parts += [*_table(contents, cells), "", _legend(plan.policy)]
        parts += [_describe_step(cells[one.cell], one) for one in contents.summary.cells if one.stages_s]
        cross = None if plan.variants else render_cross_table(contents)
        parts += ["", cross, ""] if cross is not None else []
    for cell_id, reason in contents.summary.failed.items():
        cell = cells[cell_id]
        parts.append(f"no number for {describe_case(cell.case)}, {cell.layout}: {describe_reason(reason)}")
    parts += [f"refused {describe_case(refusal.case)}: {refusal.reason}" for refusal in plan.refused]
    parts += [_describe_drift(drift) for drift in contents.summary.drift if _moved(drift)]
    if contents.calibration is not None:
        parts.append(describe_calibration(contents.calibration))
    if abs(contents.info.clock_step_s or 0.0) >= CLOCK_STEP_S:
        parts.append(
            f"the wall clock was set by {contents.info.clock_step_s:+.0f} s during the run; no number rests on it"
        )
    if contents.info.emulated:
        parts.append("EMULATED: this architecture is only emulated here; these are no measurements of a CPU")
    return "\n".join(parts)


def describe_case(case: Case) -> str:
    """A case in words, shape included where it is not the workload's own."""
    facts = WORKLOADS.get(case.workload)  # a bundle's may be of another bench
    own = {} if facts is None else facts.shape
    name = _name(case, {key: value for key, value in case.shape.items() if own.get(key) != value})
    return f"{name}, {case.mode}, {case.precision}, {case.memory_format}, {case.backend}, batch {case.batch_size}"


def _table(contents: Contents, cells: Mapping[str, Cell]) -> list[str]:
    """The table. What all cells have in common stands once above it, not in a column."""
    summaries = contents.summary.cells
    described = [_describe_columns(cells[summary.cell]) for summary in summaries]
    varying = [index for index in range(len(CASE_HEADERS)) if len({row[index] for row in described}) > 1]
    common = [
        f"{header} {described[0][index]}"
        for index, header in enumerate(CASE_HEADERS)
        if index not in varying and described[0][index]
    ]
    rows = [
        (
            _name(cells[summary.cell].case, cells[summary.cell].case.shape),
            *(row[index] for index in varying),
            *_numbers(summary),
        )
        for summary, row in zip(summaries, described, strict=True)
    ]
    headers = ("workload", *(CASE_HEADERS[index] for index in varying), *NUMBER_HEADERS)
    align = ("left",) * (1 + len(varying)) + ("right",) * (len(NUMBER_HEADERS) - 1) + ("left",)
    table = tabulate(rows, headers, tablefmt="simple", disable_numparse=True, colalign=align)
    return [f"all cells: {', '.join(common)}", "", table] if common else ["", table]


def _name(case: Case, shape: Mapping[str, int]) -> str:
    name = case.workload if case.phase is None else f"{case.workload} {case.phase}"
    return " ".join((name, *(f"{key}={value}" for key, value in sorted(shape.items()))))


def _describe_columns(cell: Cell) -> tuple[str, ...]:
    case = cell.case
    layout = f"{cell.layout} {_instances(cell)}"
    return (
        case.mode,
        case.precision,
        case.memory_format,
        case.backend,
        str(case.batch_size),
        layout,
        cell.variant or "",
    )


def _numbers(summary: CellSummary) -> tuple[str, ...]:
    ceiling = "" if summary.roofline_ratio is None else f"{summary.roofline_ratio:.0%} {summary.bound_by}"
    return (
        format_seconds(summary.latency_s.point),
        _describe_width(summary, summary.latency_s),
        f"{format_significant(summary.throughput_per_s.point)} {summary.unit}/s",
        _describe_width(summary, summary.throughput_per_s),
        ceiling,
        format_seconds(summary.cold_s["first_call"]),
        format_bytes(summary.peak_memory_bytes),
        f"{summary.repetitions}×{summary.samples // summary.repetitions}",
        _marks(summary),
    )


def _instances(cell: Cell) -> str:
    threads = sorted({binding.threads for binding in cell.instances})
    return f"{len(cell.instances)}×{'-'.join(map(str, threads))}"


def _describe_width(summary: CellSummary, interval: Interval) -> str:
    """Return the interval's half width; of few repetitions, half of their range in brackets, which claims less."""
    if summary.repetitions == 1:
        return ""
    spread = format_spread(interval)
    return f"({spread})" if "few_repetitions" in summary.marks else spread


def _marks(summary: CellSummary) -> str:
    letters = "".join(MARKS.get(mark, "?") for mark in summary.marks)
    return f"{letters}i{summary.invalid_repetitions}" if summary.invalid_repetitions else letters


def _legend(policy: Policy) -> str:
    return (
        f"± half of the {policy.confidence * 100:.3g}% interval; n repetitions×samples; first call with empty caches\n"
        "of ceiling: share of what this run's own probes of matrix product and memory bandwidth reached\n"
        "u steady state not reached; s slides from its first to its last third; "
        f"w latency, t throughput less certain than the ±{policy.target_ci_ratio * 100:.3g}% asked for\n"
        "o single repetition; f few repetitions, with half of their range in brackets; p above peak; "
        "n noisy host, no valid repetition; iN invalid repetitions"
    )


def _describe_step(cell: Cell, summary: CellSummary) -> str:
    """The parts of a step of training, taken apart after the timed part."""
    total = sum(summary.stages_s.values()) or 1.0
    shares = ", ".join(f"{part} {seconds / total:.0%}" for part, seconds in summary.stages_s.items())
    return f"a step of {describe_case(cell.case)}, {cell.layout}: {shares}"


def _moved(drift: Drift) -> bool:
    return max(drift.compute_ratio, drift.bandwidth_ratio) > DRIFT_WARNING


def _describe_drift(drift: Drift) -> str:
    return (
        f"drift: over {drift.probes} probes of layout {drift.layout}, compute moved by "
        f"{(drift.compute_ratio - 1):.0%} and memory bandwidth by {(drift.bandwidth_ratio - 1):.0%}"
    )
