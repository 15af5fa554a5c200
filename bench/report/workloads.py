"""The catalogue of workloads as text: a table, then what is supported and what is not, each said once for all."""

from collections.abc import Iterable, Iterator, Sequence

from bench.records.case import WorkloadFacts
from bench.report.printable import PrintableText, join_lines
from bench.report.table import Column, render_table
from bench.workloads.registry import list_backends

_COLUMNS = (
    Column("workload"),
    Column("family"),
    Column("inference\nbatch", "right"),
    Column("training\nbatch", "right"),
    Column("supports", "right"),
    Column("", fold=1),
)


def render_workloads(workloads: Sequence[WorkloadFacts], width: int | None) -> PrintableText:
    """Return the catalogue.

    Most workloads support the same precisions, memory formats and backends. So these are numbered below the table, and
    rows have the number.

    Args:
        workloads: Their facts, in the order of the rows.
        width: Of the table, in characters; None for the whole table.
    """
    numbers: dict[str, int] = {}
    rows = [
        (
            facts.name,
            facts.family,
            *(str(facts.batch_size.get(mode, "")) for mode in ("inference", "training")),
            str(numbers.setdefault(_describe_support(facts), len(numbers) + 1)),
            facts.summary,
        )
        for facts in workloads
    ]
    support = [f"supports {number}: {text}" for text, number in numbers.items()]
    return join_lines([render_table(_COLUMNS, rows, width), "", *support, "", *_describe_unsupported(workloads)])


def _describe_support(facts: WorkloadFacts) -> str:
    return (
        f"precisions {' '.join(facts.precisions)}; memory formats {' '.join(facts.memory_formats)}; "
        f"backends {' '.join(list_backends(facts))}"
    )


def _describe_unsupported(workloads: Iterable[WorkloadFacts]) -> Iterator[str]:
    """Yield a line for each reason: the workloads, and what they do not support for it."""
    names_by_reason: dict[str, dict[str, list[str]]] = {}
    for facts in workloads:
        for name, text in facts.unsupported.items():
            names_by_reason.setdefault(text, {}).setdefault(facts.name, []).append(name)
    for text, names_by_workload in names_by_reason.items():
        workloads_by_names: dict[tuple[str, ...], list[str]] = {}
        for workload, names in names_by_workload.items():
            workloads_by_names.setdefault(tuple(names), []).append(workload)
        for unsupported, affected in workloads_by_names.items():
            yield f"no {', '.join(unsupported)} in {', '.join(affected)}: {text}"
