"""The effective settings as text: what all workers have once, and a line for each difference."""

from collections.abc import Sequence

from bench.records.cpulist import format_cpulist
from bench.records.effective import Effective, Library, LibraryRole, find_effective
from bench.report.printable import PrintableText, join_lines
from bench.report.rows.effective import EffectiveRow
from bench.report.table import Column, render_table

_WORKER = (Column("cell"), Column("repetitions", "right"), Column("instance", "right"))
_SETTINGS = (
    Column("CPUs"),
    Column("threads", "right"),
    Column("memory nodes", fold=2),
    Column("policy", fold=2),
    Column("pages", fold=2),
    Column("openmp", fold=1),
    Column("allocator", fold=1),
    Column("variables", fold=1),
)

_LEGEND = (
    "memory nodes: those that the plan binds to, of those that the kernel allows. pages: share of the worker's pages on "
    "each node."
)


def render_effective(rows: Sequence[EffectiveRow], width: int | None = None) -> PrintableText:
    """Return CPUs, memory and libraries of each worker, as kernel and linker reported them after the timed part.

    Repetitions of an instance with the same settings share a line. Settings that all workers share stand above.
    Variables: those that differ between the sides of an `ab` run, as the worker had them.
    """
    repetitions: dict[tuple[str, int, tuple[str, ...]], set[int]] = {}
    for row in rows:
        settings = _describe(row.effective, row.bound_memory_nodes)
        repetitions.setdefault((row.cell, row.instance, settings), set()).add(row.repetition)
    described = [settings for _, _, settings in repetitions]
    varying = [index for index in range(len(_SETTINGS)) if len({settings[index] for settings in described}) > 1]
    common = [
        f"{column.header} {described[0][index]}"
        for index, column in enumerate(_SETTINGS)
        if described and index not in varying and described[0][index]
    ]
    columns = (*_WORKER, *(_SETTINGS[index] for index in varying))
    lines = [
        (cell, format_cpulist(numbers), str(instance), *(settings[index] for index in varying))
        for (cell, instance, settings), numbers in repetitions.items()
    ]
    heading = [f"all workers: {', '.join(common)}", ""] if common else []
    return join_lines([*heading, render_table(columns, lines, width), "", _LEGEND])


def _describe(effective: Effective, bound_memory_nodes: str) -> tuple[str, ...]:
    return (
        effective.cpus,
        str(effective.threads),
        f"{bound_memory_nodes or 'any'} of {effective.memory_nodes or 'unknown'}",
        effective.memory_policy if effective.memory_binding == "mempolicy" else f"cpuset ({effective.memory_policy})",
        _shares(effective.node_pages),
        _library(effective.libraries, "openmp"),
        _library(effective.libraries, "allocator"),
        " ".join(
            f"{name} not set" if value is None else f"{name}={value}" for name, value in effective.variables.items()
        ),
    )


def _shares(node_pages: dict[str, int] | None) -> str:
    if not node_pages:
        return "unavailable"
    total = sum(node_pages.values()) or 1
    by_node = sorted((int(node), count) for node, count in node_pages.items())
    return " ".join(f"{node}:{count / total:.1%}" for node, count in by_node)


def _library(libraries: Sequence[Library], role: LibraryRole) -> str:
    used = [f"{library.name} ({library.file})" for library in find_effective(libraries, role)]
    return " ".join(used) or "unknown"
