"""Packages that cannot matter to a run, so that a difference in them forbids nothing."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType

import msgspec

from bench.records.case import Backend
from bench.records.reason import Reason
from bench.records.verdict import Finding

TOOLS = frozenset(
    {
        "altair", "ast-serialize", "coverage", "grimp", "hypothesis", "import-linter", "iniconfig", "installer",
        "jsonschema",
        "jsonschema-specifications", "librt", "mypy", "mypy-extensions", "narwhals", "pathspec", "pip", "pluggy",
        "pytest", "referencing", "rpds-py", "ruff", "types-docker", "types-requests", "types-tabulate", "uv",
        "vl-convert-python", "wheel",
    }
)  # fmt: skip
"""Distributions that no worker imports: installers, and what the lock for development adds."""

ENGINES: Mapping[str, Backend] = MappingProxyType(
    {
        "flatbuffers": "onnxruntime",
        "ml-dtypes": "onnxruntime",
        "onnx": "onnxruntime",
        "onnx-ir": "onnxruntime",
        "onnxruntime": "onnxruntime",
        "onnxscript": "onnxruntime",
        "openvino": "openvino",
        "openvino-telemetry": "openvino",
        "protobuf": "onnxruntime",
    }
)
"""Distributions that the lock of the engines adds → the backend that alone imports them."""

_PREFIX = "environment.distributions."


def soften_package(finding: Finding, backends: AbstractSet[Backend]) -> Finding:
    """Make a note of a difference in a package that no worker of these backends imports; leave any other finding.

    Args:
        finding: Of any field.
        backends: Of the plan's cells.
    """
    if not finding.field.startswith(_PREFIX):
        return finding
    name = re.sub(r"[-_.]+", "-", finding.field.removeprefix(_PREFIX)).lower()
    backend = ENGINES.get(name)
    if name in TOOLS:
        reason = Reason(code="package_unused")
    elif backend is not None and backend not in backends:
        reason = Reason(code="package_of_other_backend", values={"backend": backend})
    else:
        return finding
    return msgspec.structs.replace(finding, severity="note", reason=reason)
