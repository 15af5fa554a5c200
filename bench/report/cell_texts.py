"""The numbers of a cell as texts, for tables of every format."""

from bench.records.summary import Interval
from bench.report.rows.cells import CellRow
from bench.report.units import scale_quantity
from bench.stats.metrics import Metric


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


def describe_width(row: CellRow, interval: Interval) -> str:
    """Return half of the interval's width. Few repetitions have a range instead, which claims less: in brackets."""
    if row.repetitions == 1:
        return ""
    spread = f"{interval.half_width_ratio * 100:.1f}"
    return f"({spread})" if "few_repetitions" in row.marks else spread
