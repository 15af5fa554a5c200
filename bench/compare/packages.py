"""Packages that a run does not use, so that a difference in them does not matter."""

from collections.abc import Set as AbstractSet

import msgspec

from bench.backends.registry import BACKENDS
from bench.bundle.environment import normalize_name
from bench.records.case import BackendName
from bench.records.reason import Reason
from bench.records.verdict import Finding

TOOLS = frozenset(
    {
        "aiohttp-retry", "alembic", "altair", "ast-serialize", "check-jsonschema", "colorlog", "coverage", "duckdb",
        "durationpy", "execnet", "grimp", "hypothesis", "import-linter", "importlib-resources", "iniconfig",
        "installer", "jsonschema", "jsonschema-specifications", "kubernetes", "kubernetes-validate", "librt", "mako",
        "mypy", "mypy-extensions", "narwhals", "oauthlib", "optuna", "outcome", "pathspec", "pip", "pluggy",
        "pysocks", "pytest", "pytest-xdist", "python-dateutil", "referencing", "regress", "requests-oauthlib",
        "rpds-py", "ruamel-yaml", "ruff", "selenium", "sniffio", "sqlalchemy", "trio", "trio-websocket",
        "types-docker", "types-requests", "types-tabulate", "tzdata", "uv", "vl-convert-python", "websocket-client",
        "wheel", "wsproto",
    }
)  # fmt: skip
"""Distributions that no worker imports: installers, what reports and histories are made with, and what the locks for
fleets and development add. What only one backend imports is in that backend's facts."""

GPU_PACKAGES = frozenset(
    {
        "cuda-bindings", "cuda-pathfinder", "cuda-toolkit", "intel-cmplr-lib-ur", "nvidia-cusolver", "nvidia-nvtx",
        "tcmlib", "triton", "umf",
    }
)  # fmt: skip
"""Distributions that torch or Intel's OpenMP require and no code on a CPU needs. Bundles of runs before the locks left
them out (`images/left_out.py`, with the reasons) have them."""

_PREFIX = "environment.distributions."


def soften_package(finding: Finding, backends: AbstractSet[BackendName]) -> Finding:
    """Return a finding as a note where it is a package that no worker of these backends uses, else unchanged.

    Args:
        finding: Of any field.
        backends: Of the plan's cells.
    """
    if not finding.field.startswith(_PREFIX):
        return finding
    name = normalize_name(finding.field.removeprefix(_PREFIX))
    backend = next((row.name for row in BACKENDS.values() if name in row.distributions), None)
    if name in TOOLS:
        reason = Reason(code="package_unused")
    elif name in GPU_PACKAGES:
        reason = Reason(code="package_for_gpus")
    elif backend is not None and backend not in backends:
        reason = Reason(code="package_of_other_backend", values={"backend": backend})
    else:
        return finding
    return msgspec.structs.replace(finding, severity="note", reason=reason)
