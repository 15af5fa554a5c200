"""JSON Schemas of what `--json` prints and of what a bundle holds, made from the records themselves."""

import importlib
import inspect
import json
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from bench import __version__

SCHEMAS: Mapping[str, str] = MappingProxyType(
    {
        "bisection": "bench.records.bisection:Bisection",
        "bundle": "bench.records.bundle:BundleInfo",
        "calibration": "bench.records.calibration:Calibration",
        "comparison": "bench.records.verdict:Comparison",
        "diagnosis": "bench.records.diagnosis:Diagnosis",
        "environment": "bench.records.bundle:Environment",
        "fleet": "bench.records.fleet:Fleet",
        "history": "bench.records.history:History",
        "machine": "bench.records.machine:Machine",
        "measurement": "bench.records.measurement:Measurement",
        "plan": "bench.records.plan:Plan",
        "profile": "bench.records.profile:Profile",
        "qualification": "bench.records.qualification:Qualification",
        "redaction": "bench.bundle.redact:Redaction",
        "report": "bench.report.run_report:RunReport",
        "reproduction": "bench.records.reproduction:Reproduction",
        "site": "bench.report.html.site:SiteResult",
        "suite": "bench.records.suite:Suite",
        "suite-cases": "bench.records.suite:SuiteCases",
        "summary": "bench.records.summary:Summary",
        "torchbench": "bench.records.torchbench:TorchBenchListing",
        "triage": "bench.records.triage:Triage",
        "trust": "bench.bundle.trust_store:TrustListing",
        "tuning": "bench.records.tuning:TuningReport",
    }
)
"""Name of the file in docs/schema → `module:record`."""


def render_schema(name: str) -> str:
    """Return the JSON Schema (draft 2020-12) of a record, with a final newline.

    Args:
        name: A key of `SCHEMAS`.
    """
    module, _, record = SCHEMAS[name].partition(":")
    schema = msgspec.json.schema(getattr(importlib.import_module(module), record))
    titled = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"bench {__version__}",
        **schema,
    }
    return json.dumps(_clean(titled), indent=2, ensure_ascii=False) + "\n"


def _clean(schema: object) -> object:
    r"""Return a schema whose patterns are of ECMA-262, and whose descriptions are the same in each Python.

    ECMA-262 writes the end of a text as `$` and not as `\Z`. Python 3.13 removes the indentation of docstrings.
    """
    match schema:
        case dict():
            return {
                key: _clean_text(key, value) if isinstance(value, str) else _clean(value)
                for key, value in schema.items()
            }
        case list():
            return [_clean(entry) for entry in schema]
        case _:
            return schema


def _clean_text(key: object, text: str) -> str:
    match key:
        case "pattern":
            return text.replace(r"\Z", "$")
        case "description":
            return inspect.cleandoc(text)
        case _:
            return text
