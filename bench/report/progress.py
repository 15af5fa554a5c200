"""Progress as text."""

from bench.records.progress import Progress
from bench.report.cases import describe_case
from bench.report.cell_texts import describe_latency
from bench.report.reasons import describe_reason
from bench.report.units import format_duration, format_significant


def render_progress(progress: Progress) -> str:
    """Return one line: how many cells are finished, what begins or has ended, and the time left."""
    line = f"{describe_count(progress)} {describe_step(progress)}"
    return line if progress.kind == "failed" else f"{line}; {describe_left(progress)}"


def describe_count(progress: Progress) -> str:
    """Return how many cells are finished, of how many."""
    return f"[{progress.done}/{progress.total}]"


def describe_left(progress: Progress) -> str:
    """Return the expected time until the run ends."""
    return f"about {format_duration(progress.left_s)} left"


def describe_step(progress: Progress) -> str:
    """Return what begins, or what has ended and with which result."""
    if progress.cell is None:
        return "probing compute and memory bandwidth"
    side = "" if progress.cell.variant is None else f", side {progress.cell.variant}"
    cell = f"{describe_case(progress.cell.case)}, {progress.cell.layout}{side}"
    match progress.kind:
        case "failed" if progress.failure is not None:
            return f"FAILED {cell}: {describe_reason(progress.failure.cause)}"
        case "cell" if progress.summary is not None:
            throughput = f"{format_significant(progress.summary.throughput_per_s.point)} {progress.summary.unit}/s"
            return f"{cell}: {describe_latency(progress.summary)}, {throughput}"
        case "cell":
            return f"{cell}: too noisy, no valid repetition"
        case _:
            return f"repetition {progress.repetition} of {cell}"
