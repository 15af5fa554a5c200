"""Why a case is not supported, in sentences.

Workloads, precisions and backends say in their own rows what they do not support, and why. A reason names the row, and
its text is looked up here. A bundle of another bench may name a row or a restriction that this bench does not have:
then the general sentence of the code has to do.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from types import MappingProxyType

from bench.backends.registry import BACKENDS
from bench.records.precision import PRECISION_FACTS
from bench.records.reason import Reason
from bench.report.reasons_failures import SENTENCES_FAILURES
from bench.workloads.registry import WORKLOADS
from bench.workloads.sources.registry import KINDS

SENTENCES_SUPPORT: Mapping[str, str] = MappingProxyType(
    {
        "mode_not_offered": "{workload}: {mode} is not supported",
        "phase_not_offered": "{workload}: {mode} is measured in phases: {offered}, not {phase}",
        "no_phases": "{workload}: {mode} has no phase {phase}",
        "precision_not_offered": "{workload}: precision {precision} is not supported; supported: {offered}",
        "precision_does_not_train": "{workload}: models do not train in {precision}",
        "quant_engine_missing": "{workload}: {precision} needs a quantization engine; name one with --quant-engine",
        "quant_engine_unused": "{workload}: quantization engine {quant_engine} is for fx_int8, not for {precision}",
        "group_size_missing": "{workload}: {precision} needs a group size; name one with --group-size",
        "group_size_unused": "{workload}: group size {group_size} is for int4_weight_only, not for {precision}",
        "memory_format_not_offered": "{workload}: memory format {memory_format} is not supported; supported: {offered}",
        "backend_lays_out_itself": "{workload}: {backend} chooses the layout of images itself, whatever layout the "
        "inputs have; use contiguous",
        "backend_not_offered": "{workload}: backend {backend} is not supported; supported: {offered}",
        "backend_does_not_train": "{workload}: backend {backend} does not train",
        "precision_not_in_backend": "{workload}: backend {backend} does not support {precision}",
        "batch_size_fixed": "{workload}: the batch size is fixed at {fixed}, not {batch_size}",
        "dimension_unknown": "{workload}: no dimension {dimension!r}; known: {known}",
        "dimension_missing": "{workload}: dimension {dimension!r} is missing; a case names all of {known}",
        "dimension_out_of_bounds": "{workload}: {dimension}={value} is outside {least} to {greatest}",
        "packages_missing": "backend {backend} needs packages that are not installed: {packages}; install the extra "
        "`engines`, locked in images/requirements-engines.lock",
        "scratch_not_executable": "{workload}: backend {backend} loads the programs that it compiles from the results "
        "folder, which does not let them run ({error}): choose one on a file system that is not mounted noexec",
        "compiler_missing": "{workload}: backend {backend} needs a C++ compiler, and {compiler} cannot be started: install "
        "g++, or name another with CXX",
        "compiler_unfit": "{workload}: backend {backend} needs a C++ compiler, and {compiler} does not compile an empty "
        "program: install g++, or name another with CXX",
        "compiler_without_openmp": "{workload}: backend {backend} needs OpenMP, and {compiler} does not compile a program "
        "with -fopenmp: install libgomp with g++, or name another compiler with CXX",
        "compiler_without_python": "{workload}: backend {backend} needs Python.h, and {compiler} does not find it: install "
        "this Python's headers (Debian, Ubuntu: python3-dev)",
        "memory_below_need": "{workload}: needs more than {least_mib} MiB, and {limit} is {limit_mib} MiB; raise it",
        "source_failed": "{workload}: its rows could not be read: {cause}",
        "cpu_not_in_backend": "{workload}: backend {backend} does not run on this CPU ({cpu})",
        "avx2_missing": "{workload} needs AVX2, and this CPU ({cpu}) has none",
    }
)
"""Code → sentence. Where the row that a reason names has a text of its own, `describe_by_row` comes first."""

Values = Mapping[str, str]


def describe_by_row(reason: Reason) -> str | None:
    """Return a reason in the words of the row that it names; None where no row of this bench explains it."""
    find_text = _ROW_TEXTS.get(reason.code)
    values = defaultdict(str, reason.values)
    text = None if find_text is None else find_text(values)
    return None if text is None else f"{values['workload']}: {text}"


def _mode_text(values: Values) -> str | None:
    text = _workload_text(values, values["mode"])
    return None if text is None else f"no {values['mode']}: {text}"


def _workload_text(values: Values, name: str) -> str | None:
    row = WORKLOADS.get(values["workload"])
    if row is not None:
        return row.unsupported.get(name)
    kind = KINDS.get(values["workload"].partition(".")[0])
    return None if kind is None else kind.unsupported.get(name)


def _precision_text(values: Values) -> str | None:
    return next((row.no_training for row in PRECISION_FACTS.values() if row.name == values["precision"]), None)


def _training_text(values: Values) -> str | None:
    row = BACKENDS.get(values["backend"])
    return None if row is None else row.no_training


def _backend_text(values: Values) -> str | None:
    row = BACKENDS.get(values["backend"])
    if row is None:
        return None
    precision, family = values["precision"], values["family"]
    in_family = (texts for name, texts in row.unsupported_in_family.items() if name == family)
    texts = next(in_family, {}) if family else row.unsupported
    return next((text for name, text in texts.items() if name == precision), None)


def _source_text(values: Values) -> str | None:
    sentence = SENTENCES_FAILURES.get(values["cause"])
    return None if sentence is None else f"its rows could not be read: {sentence.format_map(values)}"


def _cpu_text(values: Values) -> str | None:
    row = BACKENDS.get(values["backend"])
    return None if row is None or row.no_machine is None else f"{row.no_machine}; this CPU is {values['cpu']}"


_ROW_TEXTS: Mapping[str, Callable[[Values], str | None]] = MappingProxyType(
    {
        "mode_not_offered": _mode_text,
        "precision_not_offered": lambda values: _workload_text(values, values["precision"]),
        "backend_not_offered": lambda values: _workload_text(values, values["backend"]),
        "precision_does_not_train": _precision_text,
        "backend_does_not_train": _training_text,
        "precision_not_in_backend": _backend_text,
        "source_failed": _source_text,
        "cpu_not_in_backend": _cpu_text,
    }
)
"""Code → where its text is."""
