"""Progress as text, one plain line at a time: redrawing would use a CPU while a worker is timed."""

from bench.records.progress import Progress
from bench.report.cases import describe_case
from bench.report.reasons import describe_reason
from bench.report.units import format_duration, format_seconds, format_significant, format_spread


def render_progress(progress: Progress) -> str:
    """Return one line for standard error."""
    left = f"about {format_duration(progress.left_s)} left"
    if progress.cell is None:
        return f"[{progress.done}/{progress.total}] probing compute and memory bandwidth; {left}"
    cell = f"{describe_case(progress.cell.case)}, {progress.cell.layout}"
    match progress.kind:
        case "failed" if progress.failure is not None:
            return f"[{progress.done}/{progress.total}] FAILED {cell}: {describe_reason(progress.failure.cause)}"
        case "cell" if progress.summary is not None:
            latency, throughput = progress.summary.latency_s, progress.summary.throughput_per_s
            return (
                f"[{progress.done}/{progress.total}] {cell}: {format_seconds(latency.point)} {format_spread(latency)}, "
                f"{format_significant(throughput.point)} {progress.summary.unit}/s; {left}"
            )
        case "cell":
            return f"[{progress.done}/{progress.total}] {cell}: too noisy, no valid repetition; {left}"
        case _:
            return f"[{progress.done}/{progress.total}] {cell}: repetition {progress.repetition}; {left}"
