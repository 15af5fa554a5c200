"""The report formats: a table from a name to the function that renders a run's report.

A format is added by one file and one row here.
"""

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, cast

from bench.records.lookup import find_row
from bench.report.printable import PrintableText
from bench.report.run_report import RunReport


class Renderer(NamedTuple):
    """One report format.

    Attributes:
        target: `module:function`, loaded when it is used; the function takes a `RunReport` and returns
            `PrintableText`. One of plain text also takes the width that its tables must fit into, or None.
        suffix: Of a file in this format.
        media_type: As registered with IANA.
    """

    target: str
    suffix: str
    media_type: str


RENDERERS: Mapping[str, Renderer] = MappingProxyType(
    {
        "text": Renderer("bench.report.text:render_text", ".txt", "text/plain"),
        "json": Renderer("bench.report.json_document:render_json", ".json", "application/json"),
        "markdown": Renderer("bench.report.markdown_run:render_markdown_run", ".md", "text/markdown"),
        "junit": Renderer("bench.report.junit_run:render_junit_run", ".xml", "application/xml"),
    }
)
"""Name, as typed after `--format` → renderer."""


def find_renderer(name: str) -> Renderer:
    """Return a report format by name.

    Raises:
        UsageError: there is no such format; lists those that there are.
    """
    return find_row(RENDERERS, name, noun="report format")


def render_report(report: RunReport, renderer: Renderer, width: int | None = None) -> PrintableText:
    """Return a report in a format, with a final newline.

    Args:
        report: Of the run.
        renderer: Of the format.
        width: That tables of plain text must fit into, in characters; None for whole tables.
    """
    module, _, function = renderer.target.partition(":")
    render = cast("Callable[..., PrintableText]", getattr(importlib.import_module(module), function))
    return render(report, width) if renderer.media_type == "text/plain" else render(report)
