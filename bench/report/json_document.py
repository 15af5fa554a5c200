"""A run's report as JSON: the records as the bundle holds them, and the rows of the tables."""

from bench.records.record import encode_json
from bench.report.printable import PrintableText, printable_json
from bench.report.run_report import RunReport


def render_json(report: RunReport) -> PrintableText:
    """Return the report as one JSON object; its keys are the fields of `RunReport`."""
    return printable_json(encode_json(report).decode())
