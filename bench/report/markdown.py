"""Markdown as a pull request's comment and a job's summary take it (GitHub Flavored Markdown).

Text from a bundle is shown as it is: it makes no link, mentions nobody, and is no markup. What could be any of these is
written as a code span, in which renderers read nothing but text.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from bench.report.printable import PrintableText, join_lines, printable

COMMENT_CHARACTERS = 60_000
"""Of one document: GitHub takes 65,536 in a comment."""

FOLDED_ROWS = 20
"""Tables with more rows than this are folded away under a summary."""

_ROWS = (1000, 300, 100, 30, 10)
"""Rows of a table that are tried, most first, until the document fits."""

_PLAIN = re.compile(r"(?:[A-Za-z0-9 ,:;=%±×/()+→.-]|(?<=[A-Za-z0-9])_(?=[A-Za-z0-9]))*")
"""Text in which no renderer finds markup, a mention, a reference to an issue, or HTML."""

_LINK = re.compile(r"://|www\.|\bGH-\d|:[a-z0-9_+-]+:", re.IGNORECASE)
"""What GitHub makes a link or a picture of without any markup."""

_FOLD_START, _FOLD_END = "<details>", "</details>"

_BACKTICKS = re.compile(r"`+")


class MarkdownColumn(NamedTuple):
    """A column of a table; numbers are right, words left."""

    header: str
    is_number: bool = False


def mark_text(text: str) -> str:
    """Return text from outside as Markdown that shows it, in one line: as it is, or as a code span."""
    text = printable(text)
    if _PLAIN.fullmatch(text) and not _LINK.search(text):
        return text
    # CommonMark 0.31, section 6.1: a span ends at as many backticks as it began with, and loses one blank at each end.
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def render_markdown_table(columns: Sequence[MarkdownColumn], rows: Sequence[Sequence[str]], limit: int) -> list[str]:
    """Return the lines of a table; of rows beyond a limit only how many there are.

    Args:
        columns: The headers.
        rows: As many values each; text from outside.
        limit: Rows at most.
    """
    lines = [
        _join_cells(column.header for column in columns),
        _join_cells("--:" if column.is_number else ":--" for column in columns),
        *(_join_cells(map(mark_text, row)) for row in rows[:limit]),
    ]
    more = [f"and {len(rows) - limit} more rows, which do not fit here"] if len(rows) > limit else []
    return [*lines, "", *more]


def fold(summary: str, lines: Sequence[str]) -> list[str]:
    """Return lines folded away under a summary of bench's own words."""
    return [_FOLD_START, f"<summary>{summary}</summary>", "", *lines, _FOLD_END, ""]


def fit_document(render: Callable[[int], Iterable[str]], limit: int) -> PrintableText:
    """Return the document with the most rows a table that has no more characters than asked, with a final newline.

    Args:
        render: Returns the lines, given how many rows a table may have.
        limit: In characters. A document that is too long with the fewest rows is cut after a line.
    """
    document = ""
    for rows in _ROWS:
        document = join_lines([*render(rows), ""])
        if len(document) <= limit:
            return document
    end = ["", "cut: the rest does not fit here", ""]
    room = limit - len("\n".join([*end, _FOLD_END]))
    lines = document[: max(0, room)].split("\n")[:-1]
    is_open = lines.count(_FOLD_START) > lines.count(_FOLD_END)
    return join_lines([*lines, *([_FOLD_END] if is_open else []), *end])


def _join_cells(cells: Iterable[str]) -> str:
    # A bar ends a cell even within a code span, unless it is escaped (GFM, section 4.10).
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
