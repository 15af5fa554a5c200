"""Expand a suite into cases: products of lists, cut by filters; unsupported cases with their reasons.

Filters cut a suite. Where the user names workloads, filters on mode, precision, format and backend replace the
suite's lists instead, so that `--workload resnet50 --backend torchscript` means the same in any suite.

Workloads that the user brings are in no suite: their cases follow the suite's own, in the user's modes and precisions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import product
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import msgspec

from bench.backends.registry import BACKENDS, find_backend
from bench.errors import UsageError
from bench.records.case import (
    REFERENCE_BACKEND,
    Case,
    GroupSize,
    MemoryFormat,
    Mode,
    Phase,
    Precision,
    QuantEngine,
    WorkloadFacts,
)
from bench.records.lookup import list_known, suggest
from bench.records.machine import Architecture
from bench.records.plan import Refusal
from bench.records.precision import PRECISION_FACTS
from bench.records.reason import Reason
from bench.records.source import Source
from bench.records.suite import CaseFilter, CaseTable, Suite

T = TypeVar("T")

WhyNot = Callable[[Case], Reason | None]
"""Returns why a case is not supported; None if it is."""

QUANT_ENGINE: Mapping[Architecture, QuantEngine] = MappingProxyType({"x86_64": "x86", "aarch64": "onednn"})
"""What torch recommends on each architecture (torch.ao.quantization, `get_default_qconfig_mapping`)."""

GROUP_SIZE: GroupSize = 128
"""torchao's default."""

_MODE: tuple[Mode, ...] = ("inference",)
_PRECISION: tuple[Precision, ...] = ("fp32",)
"""Of a table that lists none."""

_PREFERRED_FORMATS: tuple[MemoryFormat, ...] = ("channels_last", "contiguous")
"""oneDNN's convolutions want channels last, and torch recommends it for vision models on CPUs."""


def expand_suite(
    suite: Suite,
    wanted: CaseFilter,
    *,
    workloads: Mapping[str, WorkloadFacts],
    architecture: Architecture,
    why_not: WhyNot,
    sources: Sequence[Source] = (),
) -> tuple[tuple[Case, ...], tuple[Refusal, ...]]:
    """Return the cases of a suite, in its order, without duplicates.

    Args:
        suite: The tables.
        wanted: Which part of it to run.
        workloads: The known ones, those of the sources too.
        architecture: Of the machine; it decides the quantization engine where none is named.
        why_not: Says which cases are supported.
        sources: Of workloads that the user brings.

    Returns:
        The cases, and those that were asked for and are not supported.

    Raises:
        UsageError: a pattern matches no workload or no backend, a backend or a dimension is unknown, or nothing is left.
    """
    cases: dict[str, Case] = {}
    refused: dict[str, Refusal] = {}
    for pattern in wanted.workload:
        _match(pattern, workloads, "workload")
    for backend in wanted.backend:
        find_backend(backend)
    origins = {facts.name: source for source in sources for facts in source.workloads}
    known = _Known(workloads, origins, architecture, why_not)
    for table in (*suite.cases, *_tabulate(suite, origins)):
        for case in _expand_table(table, wanted, known):
            reason = why_not(case)
            if reason is None:
                cases.setdefault(_key(case), case)
            elif not table.valid_only:
                refused.setdefault(_key(case), Refusal(case=case, reason=reason))
    if not cases and not refused:
        raise UsageError(
            f"nothing of suite {suite.name!r} is left after the filters; "
            f"`bench suites show {suite.name}` lists its cases, and `--suite full` has every valid one"
        )
    _check_dimensions(wanted.shape, [*cases.values(), *(refusal.case for refusal in refused.values())])
    return tuple(cases.values()), tuple(refused.values())


class _Known(NamedTuple):
    """What tables are expanded with.

    Attributes:
        workloads: Name → facts.
        origins: Name → source, of those that the user brings.
        architecture: Of the machine.
        why_not: Says which cases are supported.
    """

    workloads: Mapping[str, WorkloadFacts]
    origins: Mapping[str, Source]
    architecture: Architecture
    why_not: WhyNot


def _expand_table(table: CaseTable, wanted: CaseFilter, known: _Known) -> Iterator[Case]:
    choose = _replace if wanted.workload else _cut
    patterns = table.backend or (REFERENCE_BACKEND,)
    backends = tuple(dict.fromkeys(name for pattern in patterns for name in _match(pattern, BACKENDS, "backend")))
    for name in dict.fromkeys(
        name for pattern in table.workload for name in _match(pattern, known.workloads, "workload")
    ):
        facts, origin = known.workloads[name], known.origins.get(name)
        if wanted.workload and not any(fnmatchcase(name, pattern) for pattern in wanted.workload):
            continue
        if wanted.family and facts.family not in wanted.family:
            continue
        for mode, precision, backend in product(
            choose(table.mode or _MODE, wanted.mode),
            choose(table.precision or _PRECISION, wanted.precision),
            choose(backends, wanted.backend),
        ):
            # A mode that the workload does not support has no batch size; `why_not` says so of the case.
            default = (facts.batch_size.get(mode, 1),)
            for phase, batch_size, quant_engine, group_size in product(
                _phases(facts, table) if mode == "inference" else (None,),
                wanted.batch_size or table.batch_size or default,
                _quant_engines(precision, table, wanted, known.architecture),
                _group_sizes(precision, table, wanted),
            ):
                case = Case(
                    workload=name,
                    mode=mode,
                    phase=phase,
                    precision=precision,
                    memory_format="contiguous",
                    backend=backend,
                    batch_size=batch_size,
                    shape=_shape(facts, table, wanted),
                    quant_engine=quant_engine,
                    group_size=group_size,
                    source=None if origin is None else origin.digest,
                    inputs={} if origin is None else origin.inputs,
                )
                yield from _lay_out(case, facts, table, wanted, known.why_not)


def _tabulate(suite: Suite, origins: Mapping[str, Source]) -> tuple[CaseTable, ...]:
    """Return a table of the workloads that the user brings; at their smoke shapes where the whole suite has those.

    Contiguous where nothing else is asked for: whether a model has images to lay out, only trying it shows.
    """
    if not origins:
        return ()
    smoke = all(table.size == "smoke" for table in suite.cases)
    return (CaseTable(workload=tuple(origins), memory_format=("contiguous",), size="smoke" if smoke else None),)


def _lay_out(case: Case, facts: WorkloadFacts, table: CaseTable, wanted: CaseFilter, why_not: WhyNot) -> Iterator[Case]:
    """Yield the case in each memory format asked for; where none is, in the first supported of `_PREFERRED_FORMATS`."""
    listed = _PREFERRED_FORMATS if table.memory_format is None else table.memory_format
    replaces = wanted.workload or table.memory_format is None
    formats = (_replace if replaces else _cut)(listed, wanted.memory_format)
    cases = [msgspec.structs.replace(case, memory_format=memory_format) for memory_format in formats]
    if table.memory_format is not None or wanted.memory_format:
        yield from cases
    else:
        offered = [laid_out for laid_out in cases if laid_out.memory_format in facts.memory_formats]
        yield next((laid_out for laid_out in offered if why_not(laid_out) is None), offered[-1])


def _quant_engines(
    precision: Precision, table: CaseTable, wanted: CaseFilter, architecture: Architecture
) -> tuple[QuantEngine | None, ...]:
    if not PRECISION_FACTS[precision].takes_quant_engine:
        return (None,)
    return wanted.quant_engine or table.quant_engine or (QUANT_ENGINE[architecture],)


def _group_sizes(precision: Precision, table: CaseTable, wanted: CaseFilter) -> tuple[GroupSize | None, ...]:
    if not PRECISION_FACTS[precision].takes_group_size:
        return (None,)
    return wanted.group_size or table.group_size or (GROUP_SIZE,)


def _shape(facts: WorkloadFacts, table: CaseTable, wanted: CaseFilter) -> dict[str, int]:
    defaults = facts.smoke_shape if table.size == "smoke" else facts.shape
    changed = table.shape | wanted.shape
    return defaults | {dimension: value for dimension, value in changed.items() if dimension in defaults}


def _check_dimensions(wanted: Iterable[str], cases: Sequence[Case]) -> None:
    """Refuse a dimension that no case has: it would be ignored, and another size measured than the user believes."""
    for dimension in wanted:
        if not any(dimension in case.shape for case in cases):
            known = list_known(dimension, sorted({name for case in cases for name in case.shape}))
            raise UsageError(f"--shape {dimension}: no workload that is left has this dimension; {known}")


def _phases(facts: WorkloadFacts, table: CaseTable) -> tuple[Phase | None, ...]:
    if not facts.phases:
        return (None,)
    return tuple(phase for phase in facts.phases if table.phase is None or phase in table.phase)


def _cut(listed: tuple[T, ...], wanted: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(value for value in listed if not wanted or value in wanted)


def _replace(listed: tuple[T, ...], wanted: tuple[T, ...]) -> tuple[T, ...]:
    return wanted or listed


def _match(pattern: str, known: Iterable[str], noun: str) -> list[str]:
    """Return the names that match; raises UsageError where none does."""
    names = [name for name in known if fnmatchcase(name, pattern)]
    if not names:
        raise UsageError(
            f"no {noun} matches {pattern!r}; {suggest(pattern, known)}there are {', '.join(sorted(known))}"
        )
    return names


def _key(case: Case) -> str:
    return repr(case)
