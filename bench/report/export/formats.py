"""The export formats: tables from a name to the function that renders it. A format is added by a file and a row."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import cast

from bench.errors import UsageError
from bench.records.lookup import suggest
from bench.report.export.columns import Kind, Row, list_kinds
from bench.report.export.rows import make_cell_rows, make_sample_rows
from bench.report.export.run import ExportedRun

RenderTable = Callable[[Mapping[str, Kind], Iterable[Row]], bytes]
RenderDocument = Callable[[Iterable[ExportedRun]], bytes]

TABLE_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "csv": "bench.report.export.csv_file:render_csv",
        "parquet": "bench.report.export.parquet:render_parquet",
        "jsonl": "bench.report.export.json_lines:render_json_lines",
    }
)
"""Name → `module:function`, which takes the columns with their types, and rows."""

DOCUMENT_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "markdown": "bench.report.export.documents:render_markdown_runs",
        "junit": "bench.report.export.documents:render_junit_runs",
        "hud": "bench.report.export.hud:render_hud",
        "openmetrics": "bench.report.export.open_metrics:render_open_metrics",
    }
)
"""Name → `module:function`, which takes runs."""

BINARY_FORMATS = frozenset({"parquet"})
"""Formats that cannot be printed on a terminal. All others are UTF-8, and safe to print."""


def render_export(runs: Iterable[ExportedRun], name: str, *, samples: bool = False) -> bytes:
    """Return runs in a format, as a whole file.

    Args:
        runs: In the order in which they are to appear.
        name: Of the format.
        samples: A row for each sample instead of each cell.

    Raises:
        UsageError: there is no such format, or it has no rows of samples.
    """
    if name in TABLE_FORMATS:
        rows = make_sample_rows(runs) if samples else make_cell_rows(runs)
        return cast("RenderTable", _load(TABLE_FORMATS[name]))(list_kinds(samples=samples), rows)
    if name not in DOCUMENT_FORMATS:
        known = (*TABLE_FORMATS, *DOCUMENT_FORMATS)
        raise UsageError(f"no export format {name!r}; {suggest(name, known)}use one of {', '.join(known)}")
    if samples:
        raise UsageError(f"--samples and --format {name}: only {', '.join(TABLE_FORMATS)} have a row for each sample")
    return cast("RenderDocument", _load(DOCUMENT_FORMATS[name]))(runs)


def _load(target: str) -> Callable[..., bytes]:
    module, _, function = target.partition(":")
    return cast("Callable[..., bytes]", getattr(importlib.import_module(module), function))
