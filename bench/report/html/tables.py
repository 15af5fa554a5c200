"""Tables of pages, as data: what stands in a cell, and by what it is sorted."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

Sorting = Literal["text", "number", "none"]
Tone = Literal["", "good", "bad", "quiet"]


class Heading(NamedTuple):
    """The head of a column.

    Attributes:
        text: Its name.
        unit: In a line of its own; empty for none.
        sorting: How the page's script sorts the column; numbers stand right.
        help: What it means, in a phrase; empty if the name says it.
    """

    text: str
    unit: str = ""
    sorting: Sorting = "text"
    help: str = ""


class Value(NamedTuple):
    """What stands in one cell of a table.

    Attributes:
        text: As it is read.
        key: What a column of numbers is sorted by; None sorts last.
        link: Of the page or of another page of the site; empty for none. Made by bench, never from a bundle's texts.
        detail: Below the text, in small letters; empty for none.
        tone: Emphasis: `good`, `bad`, `quiet`; empty for none. The text says the same.
    """

    text: str
    key: float | None = None
    link: str = ""
    tone: Tone = ""
    detail: str = ""


class Table(NamedTuple):
    """A table of a page.

    Attributes:
        id: Of the element, unique in its page.
        caption: What it shows.
        headings: The first column names the row.
        rows: As many values each as there are headings.
        notes: Sentences below it.
        filter: The page's script lets its reader filter the rows by a text.
    """

    id: str
    caption: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[Value]]
    notes: Sequence[str] = ()
    filter: bool = False


def drop_empty_columns(table: Table) -> Table:
    """Return a table without the columns in which no row has a text."""
    kept = [index for index, _ in enumerate(table.headings) if any(row[index].text for row in table.rows)]
    return table._replace(
        headings=[table.headings[index] for index in kept], rows=[[row[index] for index in kept] for row in table.rows]
    )


def join_texts(texts: Iterable[str]) -> str:
    """Return texts as one phrase, without the empty ones."""
    return ", ".join(filter(None, texts))
