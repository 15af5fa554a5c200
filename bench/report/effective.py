"""Effective settings of a run's workers as text: one line for every worker."""

from collections.abc import Iterator, Sequence

from tabulate import tabulate

from bench.records.bundle import Contents
from bench.records.measurement import Effective, Library, LibraryRole, Measurement, find_effective
from bench.records.plan import Cell
from bench.records.profile import Binding

_HEADERS = (
    "cell",
    "repetition",
    "instance",
    "CPUs",
    "threads",
    "memory nodes",
    "policy",
    "pages",
    "openmp",
    "allocator",
    "variables",
)


def render_effective(contents: Contents) -> str:
    """CPUs, memory and libraries of every worker, as the kernel and the linker told it after its timed part.

    Memory nodes are those that the plan binds to, of those that the kernel allows. Pages are shares of the
    worker's pages on each node. Variables are those that set the sides of an `ab` run apart, as the worker had them.
    """
    cells = {cell.id: cell for cell in contents.plan.cells}
    rows = [row for measurement in contents.measurements for row in _rows(cells[measurement.cell], measurement)]
    return tabulate(rows, _HEADERS, tablefmt="simple", disable_numparse=True)


def _rows(cell: Cell, measurement: Measurement) -> Iterator[tuple[str, ...]]:
    for repetition in measurement.repetitions:
        # Not strict: in a cell that failed, fewer instances may have ended well than were planned.
        for number, (instance, binding) in enumerate(zip(repetition.instances, cell.instances, strict=False)):
            yield (cell.id, str(repetition.index), str(number), *_describe(instance.effective, binding))


def _describe(effective: Effective, binding: Binding) -> tuple[str, ...]:
    return (
        effective.cpus,
        str(effective.threads),
        f"{binding.memory_nodes or 'any'} of {effective.memory_nodes or 'unknown'}",
        effective.memory_policy if effective.memory_binding == "mempolicy" else f"cpuset ({effective.memory_policy})",
        _shares(effective.node_pages),
        _library(effective.libraries, "openmp"),
        _library(effective.libraries, "allocator"),
        " ".join(
            f"{name} not set" if value is None else f"{name}={value}" for name, value in effective.variables.items()
        ),
    )


def _shares(pages: dict[str, int] | None) -> str:
    if not pages:
        return "unavailable"
    total = sum(pages.values()) or 1
    return " ".join(f"{node}:{count / total:.1%}" for node, count in sorted(pages.items(), key=lambda one: int(one[0])))


def _library(libraries: Sequence[Library], role: LibraryRole) -> str:
    used = [f"{library.name} ({library.file})" for library in find_effective(libraries, role)]
    return " ".join(used) or "unknown"
