"""Tables that fit a terminal: folded first, then with fewer columns, then as a list."""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Literal, NamedTuple

from tabulate import tabulate

from bench.report.printable import PrintableText, printable

_INDENT = "  "


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        header: With the unit on a second line; empty for texts that need none.
        align: Numbers are right, words left.
        fold: 0 keeps the column in the table. Where the table is too wide, columns of fold 1 leave it first, then those
            of fold 2: their values are written on a line of their own below each row, or behind the name if nothing else
            is left.
        rank: 0 never leaves the table. Of the others, the largest leave out first; the table says which.
    """

    header: str
    align: Literal["left", "right"] = "left"
    fold: int = 0
    rank: int = 0


def render_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> PrintableText:
    """Return a table no wider than asked; a row is one line or several of its own, whatever its values hold.

    A column that is empty in all rows is not shown.

    Args:
        columns: The first is the name of a row.
        rows: As many values each as there are columns.
        width: Characters; None for the whole table, however wide.
    """
    filled = [index for index in range(len(columns)) if not index or not rows or any(row[index] for row in rows)]
    shown = [[printable(row[index]) for index in filled] for row in rows]
    return PrintableText(_fit([columns[index] for index in filled], shown, width))


def _fit(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> str:
    """Return the whole table if it fits, else as much of it as does, else a list."""
    whole = _tabulate(columns, rows)
    if width is None or _width(whole) <= width:
        return whole
    for fold in sorted({column.fold for column in columns} - {0}):
        kept = [index for index, column in enumerate(columns) if not 0 < column.fold <= fold]
        if (table := _render_folded(columns, rows, kept, width)) is not None:
            return table
    kept = [index for index, column in enumerate(columns) if not column.fold]
    left_out: list[str] = []
    for index in sorted((index for index in kept if columns[index].rank), key=lambda index: -columns[index].rank):
        kept.remove(index)
        left_out.append(_label(columns[index]))
        if (table := _render_folded(columns, rows, kept, width)) is not None:
            note = f"left out for the terminal's width: {', '.join(left_out)}; --wide prints all columns"
            return "\n".join((table, "", *textwrap.wrap(note, width)))
    return "\n".join(_list(columns, rows, width))


def _render_folded(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], kept: Sequence[int], width: int
) -> str | None:
    """Return the table of the kept columns, with folded ones below each row; None if it is too wide."""
    folded = [index for index, column in enumerate(columns) if column.fold and index not in kept]
    if len(kept) == 1:
        return "\n".join(chain.from_iterable(_name(columns, row, folded, width) for row in rows))
    table = _tabulate([columns[index] for index in kept], [[row[index] for index in kept] for row in rows])
    if _width(table) > width:
        return None
    lines = table.split("\n")
    head, body = lines[: len(lines) - len(rows)], lines[len(lines) - len(rows) :]
    for line, row in zip(body, rows, strict=True):
        head.append(line)
        text = ", ".join(_describe(columns[index], row[index]) for index in folded if row[index])
        head += textwrap.wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT)
    return "\n".join(head)


def _name(columns: Sequence[Column], row: Sequence[str], folded: Sequence[int], width: int) -> list[str]:
    """Return a row of which only the name is a column: the name and all that was folded, as one text."""
    text = ", ".join((row[0], *(_describe(columns[index], row[index]) for index in folded if row[index])))
    return textwrap.wrap(text, width, subsequent_indent=_INDENT) or [""]


def _describe(column: Column, value: str) -> str:
    """Return a value with its header where the value is a number and would say nothing alone."""
    return f"{_label(column)} {value}" if column.align == "right" else value


def _list(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Yield the rows as paragraphs: the name, then a line for each value."""
    for row in rows:
        yield from textwrap.wrap(row[0], width) or [""]
        for column, value in zip(columns[1:], row[1:], strict=True):
            if value:
                text = f"{_label(column)}: {value}" if column.header else value
                yield from textwrap.wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT * 2)


def _label(column: Column) -> str:
    return " ".join(column.header.split("\n"))


def _tabulate(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    return tabulate(
        rows,
        [column.header for column in columns],
        tablefmt="simple",
        disable_numparse=True,
        colalign=[column.align for column in columns] if rows else None,
    )


def _width(text: str) -> int:
    return max(map(len, text.split("\n")))
