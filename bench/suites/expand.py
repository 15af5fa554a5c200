"""From a suite to cases: products of lists, cut by filters, what cannot be named with its reason."""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import product
from typing import TypeVar

from bench.errors import UsageError
from bench.records.case import Case, Phase, WorkloadFacts
from bench.records.plan import Refusal
from bench.records.suite import CaseFilter, CaseTable, Suite

T = TypeVar("T")


def expand_suite(
    suite: Suite,
    wanted: CaseFilter,
    *,
    workloads: Mapping[str, WorkloadFacts],
    why_not: Callable[[Case], str | None],
) -> tuple[tuple[Case, ...], tuple[Refusal, ...]]:
    """Make the cases of a suite, in its order, each once.

    Args:
        suite: The tables.
        wanted: What of it shall run.
        workloads: All that are known.
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
        for case in _expand_table(table, wanted, workloads):
            reason = why_not(case)
            if reason is None:
                cases.setdefault(_key(case), case)
            else:
                refused.setdefault(_key(case), Refusal(case=case, reason=reason))
    if not cases and not refused:
        raise UsageError(
            f"nothing of suite {suite.name!r} is left after the filters; "
            f"`bench suites show {suite.name}` lists its cases, and `--suite full` has every valid one"
        )
    return tuple(cases.values()), tuple(refused.values())


def _expand_table(table: CaseTable, wanted: CaseFilter, workloads: Mapping[str, WorkloadFacts]) -> Iterator[Case]:
    for name in dict.fromkeys(name for pattern in table.workload for name in _match(pattern, workloads)):
        facts = workloads[name]
        if wanted.workload and not any(fnmatchcase(name, pattern) for pattern in wanted.workload):
            continue
        if wanted.family and facts.family not in wanted.family:
            continue
        for mode, precision, memory_format, backend in product(
            _cut(table.mode, wanted.mode),
            _cut(table.precision, wanted.precision),
            _cut(table.memory_format, wanted.memory_format),
            _cut(table.backend, wanted.backend),
        ):
            own = (facts.batch_size[mode],) if mode in facts.batch_size else (1,)
            for phase, batch_size in product(_phases(facts, table), wanted.batch_size or table.batch_size or own):
                yield Case(
                    workload=name,
                    mode=mode,
                    phase=phase if mode == "inference" else None,
                    precision=precision,
                    memory_format=memory_format,
                    backend=backend,
                    batch_size=batch_size,
                    shape=facts.shape | {key: value for key, value in table.shape.items() if key in facts.shape},
                )


def _phases(facts: WorkloadFacts, table: CaseTable) -> tuple[Phase | None, ...]:
    if not facts.phases:
        return (None,)
    return tuple(phase for phase in facts.phases if table.phase is None or phase in table.phase)


def _cut(listed: tuple[T, ...], wanted: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(value for value in listed if not wanted or value in wanted)


def _match(pattern: str, workloads: Mapping[str, WorkloadFacts]) -> list[str]:
    names = [name for name in workloads if fnmatchcase(name, pattern)]
    if not names:
        raise UsageError(f"no workload matches {pattern!r}; there are {', '.join(sorted(workloads))}")
    return names


def _key(case: Case) -> str:
    return repr(case)
