"""A run's report as JSON: the records as the bundle holds them, and the rows of the tables."""

from bench.records.record import encode_json
from bench.report.run_report import RunReport


def render_json(report: RunReport) -> str:
    """Return the report as one JSON object; its keys are the fields of `RunReport`."""
    return encode_json(report).decode()
