"""From a suite to cases: products of lists, cut by filters, what cannot be named with its reason.

Filters cut a suite. Where the user names workloads, they say more: mode, precision, format and backend then
take the place of the suite's, so that `--workload resnet50 --backend torchscript` is what it says in any suite.
"""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import product
from types import MappingProxyType
from typing import TypeVar

import msgspec

from bench.errors import UsageError
from bench.records.case import Case, MemoryFormat, Phase, Precision, QuantEngine, WorkloadFacts
from bench.records.machine import Architecture
from bench.records.plan import Refusal
from bench.records.suite import CaseFilter, CaseTable, Suite

T = TypeVar("T")

QUANT_ENGINE: Mapping[Architecture, QuantEngine] = MappingProxyType({"x86_64": "x86", "aarch64": "onednn"})
"""What torch recommends on each architecture (torch.ao.quantization, `get_default_qconfig_mapping`)."""

_PREFERRED_FORMATS: tuple[MemoryFormat, ...] = ("channels_last", "contiguous")
"""oneDNN's convolutions want channels last, and torch recommends it for vision models on CPUs."""


def expand_suite(
    suite: Suite,
    wanted: CaseFilter,
    *,
    workloads: Mapping[str, WorkloadFacts],
    architecture: Architecture,
    why_not: Callable[[Case], str | None],
) -> tuple[tuple[Case, ...], tuple[Refusal, ...]]:
    """Make the cases of a suite, in its order, each once.

    Args:
        suite: The tables.
        wanted: What of it shall run.
        workloads: All that are known.
        architecture: Of the machine, whose quantization engine is taken where none is named.
        why_not: Why a case cannot be, or None.

    Returns:
        The cases, and those that were asked for and cannot be.

    Raises:
        UsageError: a pattern matches no workload, or nothing is left.
    """
    cases: dict[str, Case] = {}
    refused: dict[str, Refusal] = {}
    for pattern in wanted.workload:
        _match(pattern, workloads)
    for table in suite.cases:
        for case in _expand_table(table, wanted, workloads, architecture, why_not):
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
    return tuple(cases.values()), tuple(refused.values())


def _expand_table(
    table: CaseTable,
    wanted: CaseFilter,
    workloads: Mapping[str, WorkloadFacts],
    architecture: Architecture,
    why_not: Callable[[Case], str | None],
) -> Iterator[Case]:
    choose = _replace if wanted.workload else _cut
    for name in dict.fromkeys(name for pattern in table.workload for name in _match(pattern, workloads)):
        facts = workloads[name]
        if wanted.workload and not any(fnmatchcase(name, pattern) for pattern in wanted.workload):
            continue
        if wanted.family and facts.family not in wanted.family:
            continue
        for mode, precision, backend in product(
            choose(table.mode, wanted.mode),
            choose(table.precision, wanted.precision),
            choose(table.backend, wanted.backend),
        ):
            own = (facts.batch_size[mode],) if mode in facts.batch_size else (1,)
            for phase, batch_size, quant_engine in product(
                _phases(facts, table) if mode == "inference" else (None,),
                wanted.batch_size or table.batch_size or own,
                _quant_engines(precision, table, wanted, architecture),
            ):
                case = Case(
                    workload=name,
                    mode=mode,
                    phase=phase,
                    precision=precision,
                    memory_format="contiguous",
                    backend=backend,
                    batch_size=batch_size,
                    shape=_shape(facts, table),
                    quant_engine=quant_engine,
                )
                yield from _lay_out(case, facts, table, wanted, why_not)


def _lay_out(
    case: Case, facts: WorkloadFacts, table: CaseTable, wanted: CaseFilter, why_not: Callable[[Case], str | None]
) -> Iterator[Case]:
    """The case in each memory format asked for; where none is, in the first of `_PREFERRED_FORMATS` that can be."""
    listed = _PREFERRED_FORMATS if table.memory_format is None else table.memory_format
    replaces = wanted.workload or table.memory_format is None
    formats = (_replace if replaces else _cut)(listed, wanted.memory_format)
    cases = [msgspec.structs.replace(case, memory_format=each) for each in formats]
    if table.memory_format is not None or wanted.memory_format:
        yield from cases
    else:
        offered = [each for each in cases if each.memory_format in facts.memory_formats]
        yield next((each for each in offered if why_not(each) is None), offered[-1])


def _quant_engines(
    precision: Precision, table: CaseTable, wanted: CaseFilter, architecture: Architecture
) -> tuple[QuantEngine | None, ...]:
    if precision != "fx_int8":
        return (None,)
    return wanted.quant_engine or table.quant_engine or (QUANT_ENGINE[architecture],)


def _shape(facts: WorkloadFacts, table: CaseTable) -> dict[str, int]:
    own = facts.smoke_shape if table.size == "smoke" else facts.shape
    return own | {key: value for key, value in table.shape.items() if key in own}


def _phases(facts: WorkloadFacts, table: CaseTable) -> tuple[Phase | None, ...]:
    if not facts.phases:
        return (None,)
    return tuple(phase for phase in facts.phases if table.phase is None or phase in table.phase)


def _cut(listed: tuple[T, ...], wanted: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(value for value in listed if not wanted or value in wanted)


def _replace(listed: tuple[T, ...], wanted: tuple[T, ...]) -> tuple[T, ...]:
    return wanted or listed


def _match(pattern: str, workloads: Mapping[str, WorkloadFacts]) -> list[str]:
    names = [name for name in workloads if fnmatchcase(name, pattern)]
    if not names:
        raise UsageError(f"no workload matches {pattern!r}; there are {', '.join(sorted(workloads))}")
    return names


def _key(case: Case) -> str:
    return repr(case)
