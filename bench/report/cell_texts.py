"""The numbers of a cell as texts, for tables of every format."""

from collections.abc import Sequence

from bench.records.summary import CellSummary, Interval, Mark
from bench.report.rows.cells import CellRow
from bench.report.rows.cross import CrossRow
from bench.report.units import format_seconds, scale_quantity
from bench.stats.metrics import Metric

SPREAD = "±{:.1f}%"


def describe_layout(row: CellRow) -> str:
    """Return the layout with its instances and threads, such as `throughput 4×8`."""
    return f"{row.layout} {row.instances}×{'-'.join(map(str, row.threads))}"


def describe_share(row: CellRow) -> str:
    """Return the share of the peak that bounds the cell, with that resource; empty where the run shows no peak."""
    shares = (("compute", row.peak_compute_ratio), ("memory", row.peak_bandwidth_ratio))
    return " ".join(f"{ratio * 100:.0f} {resource}" for resource, ratio in shares if ratio is not None)


def describe_metric(row: CellRow, metric: Metric) -> str:
    """Return a metric in the unit of its column; empty where the cell has none."""
    interval = row.metrics.get(metric.name)
    return "" if interval is None else scale_quantity(interval.point, metric.unit)


def describe_width(marks: Sequence[Mark], interval: Interval, form: str = "{:.1f}") -> str:
    """Return half of the interval's width in percent of its point.

    Few repetitions have a range instead, which claims less: in brackets. A single one has nothing.

    Args:
        marks: Of the cell.
        interval: One of its metrics.
        form: Takes the percentage.
    """
    if "single_repetition" in marks:
        return ""
    width = form.format(interval.half_width_ratio * 100)
    return f"({width})" if "few_repetitions" in marks else width


def describe_speed_width(row: CrossRow) -> str:
    """Return half of the width of a speed's interval, as `describe_width`; empty for eager fp32, which it is relative to."""
    return "" if row.speed_ratio.low == row.speed_ratio.high else describe_width(row.marks, row.speed_ratio)


def describe_latency(cell: CellRow | CellSummary) -> str:
    """Return the latency and its width: `12.3 ms ±1.2%`."""
    return f"{format_seconds(cell.latency_s.point)} {describe_width(cell.marks, cell.latency_s, SPREAD)}".rstrip()
