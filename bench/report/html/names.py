"""Short names of cells: of what tells them apart, no more than is needed."""

from collections.abc import Iterable, Sequence

from bench.records.case import Case
from bench.report.cases import describe_shape, name_precision, name_workload


def name_cells(cells: Sequence[tuple[Case, str, str | None]]) -> list[str]:
    """Return a name for each cell: workload, mode of training, precision, and then only what tells equal names apart.

    Args:
        cells: For each its case, its layout, and its side in an `ab` run or None.
    """
    described = [list(_describe(*cell)) for cell in cells]
    names = [parts[0] for parts in described]
    for place in range(1, len(described[0]) if described else 0):
        shared = {
            name: {parts[place] for at, parts in zip(names, described, strict=True) if at == name} for name in names
        }
        names = [
            f"{name} · {parts[place]}" if len(shared[name]) > 1 and parts[place] else name
            for name, parts in zip(names, described, strict=True)
        ]
    return names


def name_case_shortly(case: Case) -> str:
    """Return workload, phase, mode of training, and precision."""
    mode = "" if case.mode == "inference" else case.mode
    return _join((name_workload(case, {}), mode, name_precision(case)))


def _describe(case: Case, layout: str, side: str | None) -> Iterable[str]:
    """Yield what tells cells apart, in the order in which it is added to a name."""
    return (
        name_case_shortly(case),
        case.backend,
        layout,
        case.memory_format,
        f"batch {case.batch_size}",
        describe_shape(case.shape),
        f"side {side}" if side else "",
    )


def _join(parts: Iterable[str]) -> str:
    return " ".join(filter(None, parts))
