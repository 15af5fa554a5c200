"""The columns that tell cells apart, for tables of results and of plans."""

from collections.abc import Sequence
from typing import NamedTuple

from bench.records.case import Case
from bench.report.cases import describe_shape, name_precision, name_workload
from bench.report.table import Column

_NAME = Column("workload")
_COLUMNS = (
    Column("shape", fold=1),
    Column("mode", fold=2),
    Column("precision", fold=2),
    Column("format", fold=2),
    Column("backend", fold=2),
    Column("batch", "right", fold=2),
    Column("layout", fold=2),
    Column("side", "right", fold=2),  # as a number, its letter says nothing without the header
)


class CaseColumns(NamedTuple):
    """What tells the cells of a table apart, and what they share.

    Attributes:
        common: A line with the values that all cells share; empty if there are none.
        columns: Of the others; the first names the workload.
        rows: The values, for each cell.
    """

    common: str
    columns: tuple[Column, ...]
    rows: list[tuple[str, ...]]


def make_case_columns(cells: Sequence[tuple[Case, str, str | None]]) -> CaseColumns:
    """Return the columns of at least one cell.

    Args:
        cells: For each its case, its layout in words, and its side in an `ab` run or None.
    """
    described = [_describe(*cell) for cell in cells]
    varying = [index for index in range(len(_COLUMNS)) if len({values[index] for values in described}) > 1]
    common = [
        f"{column.header} {described[0][index]}"
        for index, column in enumerate(_COLUMNS)
        if index not in varying and described[0][index]
    ]
    return CaseColumns(
        common=f"all cells: {', '.join(common)}" if common else "",
        columns=(_NAME, *(_COLUMNS[index] for index in varying)),
        rows=[
            (name_workload(case, {}), *(values[index] for index in varying))
            for (case, _, _), values in zip(cells, described, strict=True)
        ],
    )


def _describe(case: Case, layout: str, side: str | None) -> tuple[str, ...]:
    shape = describe_shape(case.shape)
    return (
        shape,
        case.mode,
        name_precision(case),
        case.memory_format,
        case.backend,
        str(case.batch_size),
        layout,
        side or "",
    )
