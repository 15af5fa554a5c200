"""Text from outside, made safe for a terminal: a bundle must not send commands to it. And lines that fit one."""

import re
import textwrap

_LABEL = re.compile(r"\s*(?:\S+ ){0,2}\S+\s{2,}|\s*")
"""What stands before the text of a line: its indent, and a label of up to three words in a column of its own."""

_NARROWEST = 20
"""Least width that a wrapped text has beside its label."""


def printable(text: str, *, lines: bool = False) -> str:
    """Return text in which control and other unprintable characters are spelled out.

    Args:
        text: From a bundle, a profile, a policy or a machine.
        lines: Keep line ends.
    """
    return "".join(char if char.isprintable() or (lines and char == "\n") else repr(char)[1:-1] for char in text)


def wrap_lines(text: str, width: int) -> str:
    """Return text in which lines longer than the width are wrapped, below where their text begins."""
    return "\n".join(line if len(line) <= width else _wrap(line, width) for line in text.split("\n"))


def _wrap(line: str, width: int) -> str:
    found = _LABEL.match(line)
    label = found.end() if found else 0
    indent = " " * (label or 2)
    if label > width - _NARROWEST:
        indent = "  "
    wrapped = textwrap.wrap(
        line[label:],
        width,
        initial_indent=line[:label],
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return "\n".join(wrapped)
