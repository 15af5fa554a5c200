"""OpenMetrics text, as Prometheus backfills its store from: the metrics of each cell, with the time of the run.

Source: OpenMetrics 1.0, section "Text format".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from bench.bundle.timestamp import parse_timestamp
from bench.records.case import case_name
from bench.report.export.columns import ExportedCell
from bench.report.export.rows import find_cells
from bench.report.export.run import ExportedRun, find_environment, find_version
from bench.report.printable import join_lines, printable
from bench.stats.metrics import METRICS, Metric

_UNITS: Mapping[str, str] = MappingProxyType({"s": "seconds", "per_s": "per_second", "bytes": "bytes", "": ""})
"""Unit of a metric → as OpenMetrics writes it at the end of a name."""

_ESCAPED = re.compile(r"[\\\"\n]")


class _Family(NamedTuple):
    """A metric family: one gauge.

    Attributes:
        end: Which value of an interval it has: `point`, `low` or `high`.
    """

    name: str
    unit: str
    meaning: str
    metric: Metric
    end: str


def render_open_metrics(runs: Iterable[ExportedRun]) -> bytes:
    """Return a whole exposition: families together, and in each the points of a series by time."""
    ordered = sorted(runs, key=lambda run: (run.contents.info.finished_at, run.contents.info.run_id))
    cells = [cell for run in ordered for cell in find_cells(run) if cell.summary is not None]
    lines = [line for family in _list_families() for line in _render_family(family, cells)]
    return f"{join_lines([*lines, '# EOF'])}\n".encode()


def _list_families() -> Iterator[_Family]:
    """Yield a family for each metric, and for the ends of its interval where it has one."""
    for metric in METRICS.values():
        unit = _UNITS.get(metric.unit, metric.unit)
        base = f"bench_{metric.name.removesuffix(f'_{metric.unit}') if metric.unit else metric.name}"
        suffix = f"_{unit}" if unit else ""
        yield _Family(f"{base}{suffix}", unit, f"{metric.name}: {metric.aggregation} over repetitions", metric, "point")
        if metric.aggregation == "mean":
            yield _Family(f"{base}_low{suffix}", unit, f"{metric.name}: lower end of the interval", metric, "low")
            yield _Family(f"{base}_high{suffix}", unit, f"{metric.name}: upper end of the interval", metric, "high")


def _render_family(family: _Family, cells: Iterable[ExportedCell]) -> Iterator[str]:
    """Yield the lines of a family; none where no cell has the metric."""
    points = [
        f"{family.name}{{{_format_labels(cell)}}} {value!r} {_read_time(cell)}"
        for cell in cells
        if (value := _read_value(family, cell)) is not None
    ]
    if points:
        yield f"# TYPE {family.name} gauge"
        if family.unit:
            yield f"# UNIT {family.name} {family.unit}"
        yield f"# HELP {family.name} {_escape(family.meaning)}"
        yield from points


def _read_value(family: _Family, cell: ExportedCell) -> float | None:
    interval = None if cell.summary is None else cell.summary.metrics.get(family.metric.name)
    return None if interval is None else float(getattr(interval, family.end))


def _read_time(cell: ExportedCell) -> str:
    """Return when the run ended, in seconds since 1970."""
    return f"{parse_timestamp(cell.run.contents.info.finished_at, source='bundle').timestamp():.0f}"


def _format_labels(cell: ExportedCell) -> str:
    contents, case = cell.run.contents, cell.cell.case
    labels = {
        "bundle": cell.run.content_digest,
        "case": case_name(case),
        "workload": case.workload,
        "precision": case.precision,
        "backend": case.backend,
        "layout": cell.cell.layout,
        "side": cell.cell.variant or "",
        "host": contents.machine.host_name,
        "cpu": contents.machine.cpu.model_name or contents.machine.cpu.vendor,
        "profile": contents.plan.profile.name,
        "torch": find_version(find_environment(contents, cell.cell), "torch") or "",
    }
    return ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items() if value)


def _escape(text: str) -> str:
    """Return text for a quoted value; what does not show is spelled out, so that a value stays on its line."""
    return _ESCAPED.sub(lambda found: "\\n" if found[0] == "\n" else f"\\{found[0]}", printable(text))
