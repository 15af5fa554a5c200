"""Look up a row of a table by the name that a user gave."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from bench.errors import UsageError

Row = TypeVar("Row")


def find_row(rows: Mapping[str, Row], name: str, *, noun: str) -> Row:
    """Return the row of a name.

    Args:
        rows: Name → row.
        name: As the user gave it.
        noun: What a row is, for the message.

    Raises:
        UsageError: there is none of this name; lists the known ones, and a close one.
    """
    if name in rows:
        return rows[name]
    raise UsageError(f"no {noun} {name!r}; {list_known(name, rows)}")


def list_known(name: str, known: Iterable[str]) -> str:
    """Return what is known, for a message about a name that is not; before it, a question about the closest."""
    names = tuple(known)
    return f"{suggest(name, names)}known are {', '.join(names) or 'none'}"


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a question about the known name that is closest, for a message with the list of all; empty if none is close."""
    close = get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]}? " if close else ""
