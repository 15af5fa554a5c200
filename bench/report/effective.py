"""The effective settings as text: one line for each worker."""

from collections.abc import Sequence

from bench.records.effective import Library, LibraryRole, find_effective
from bench.report.printable import PrintableText
from bench.report.rows.effective import EffectiveRow
from bench.report.table import Column, render_table

_COLUMNS = (
    Column("cell"),
    Column("repetition", "right"),
    Column("instance", "right"),
    Column("CPUs"),
    Column("threads", "right"),
    Column("memory nodes", fold=2),
    Column("policy", fold=2),
    Column("pages", fold=2),
    Column("openmp", fold=1),
    Column("allocator", fold=1),
    Column("variables", fold=1),
)


def render_effective(rows: Sequence[EffectiveRow], width: int | None = None) -> PrintableText:
    """Return CPUs, memory and libraries of each worker, as kernel and linker reported them after the timed part.

    Memory nodes: those that the plan binds to, of those that the kernel allows. Pages: share of the worker's pages
    on each node. Variables: those that differ between the sides of an `ab` run, as the worker had them.
    """
    return render_table(_COLUMNS, [_describe(row) for row in rows], width)


def _describe(row: EffectiveRow) -> tuple[str, ...]:
    effective = row.effective
    return (
        row.cell,
        str(row.repetition),
        str(row.instance),
        effective.cpus,
        str(effective.threads),
        f"{row.bound_memory_nodes or 'any'} of {effective.memory_nodes or 'unknown'}",
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
