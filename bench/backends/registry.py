"""The table of backends. Reading it loads neither torch nor any engine."""

import importlib
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from types import MappingProxyType

from bench.records.backend import BackendFacts
from bench.records.case import BackendName, Case
from bench.records.lookup import find_row
from bench.records.machine import Cpu
from bench.records.reason import Reason

CATALOGUE = (
    "bench.backends.eager",
    "bench.backends.torchscript",
    "bench.backends.inductor",
    "bench.backends.inductor_freezing",
    "bench.backends.inductor_max_autotune",
    "bench.backends.aot_inductor",
    "bench.backends.onnxruntime",
    "bench.backends.openvino",
    "bench.backends.zentorch",
)
"""Modules with a row `BACKEND`. A new backend is a file with its row, its runner, and a line here."""


def read_catalogue(modules: Sequence[str]) -> dict[BackendName, BackendFacts]:
    """Return the rows of these modules, by name."""
    rows: list[BackendFacts] = [importlib.import_module(module).BACKEND for module in modules]
    return {row.name: row for row in rows}


_ROWS = read_catalogue(CATALOGUE)
BACKENDS: Mapping[BackendName, BackendFacts] = MappingProxyType(_ROWS)
"""Name → facts, in the order in which people see them."""


def find_backend(name: BackendName) -> BackendFacts:
    """Return the facts of a backend.

    Raises:
        UsageError: there is none of this name; lists the known ones, and a close one.
    """
    return find_row(BACKENDS, name, noun="backend")


def find_missing_packages(name: BackendName) -> tuple[str, ...]:
    """Return the packages of a backend that are not installed in this environment; imports none of them."""
    return tuple(package for package in find_backend(name).packages if find_spec(package) is None)


def why_not_installed(name: BackendName) -> Reason | None:
    """Return why this environment cannot run a backend; None if it can."""
    missing = find_missing_packages(name)
    if not missing:
        return None
    return Reason(code="packages_missing", values={"backend": name, "packages": ", ".join(missing)})


def why_not_on_cpu(case: Case, cpu: Cpu) -> Reason | None:
    """Return why a case's backend does not run on a CPU; None if it does. A CPU that shows no flags may have all of them.

    Raises:
        UsageError: there is no such backend.
    """
    facts = find_backend(case.backend)
    lacking = [flag for flag in facts.isa if cpu.isa and flag not in cpu.isa]
    if not lacking and (not facts.vendors or cpu.vendor in facts.vendors):
        return None
    described = " ".join(filter(None, (cpu.vendor, cpu.model_name, *(f"without {flag}" for flag in lacking))))
    values = {"workload": case.workload, "backend": case.backend, "cpu": described}
    return Reason(code="cpu_not_in_backend", values=values)
