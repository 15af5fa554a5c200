"""Text from outside, made safe to print: a value stays on its line, and nothing in it is hidden from its reader.

A bundle must not send commands to a terminal, reorder what is shown, or print a line that looks like bench's own.
`bench.cli.console` passes everything that it prints through here. Lines may be wrapped to fit a terminal.
"""

import re
import textwrap
from collections.abc import Iterable

_UNUSUAL = re.compile(r"[^\x20-\x7e]")

_LABEL = re.compile(r"\s*(?:\S+ ){0,2}\S+\s{2,}|\s*")
"""What stands before the text of a line: its indent, and a label of up to three words in a column of its own."""

_NARROWEST = 20
"""Least width that a wrapped text has beside its label."""

_BLANK = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Characters that Python calls printable, and that show nothing.

Source: Unicode 15, property Default_Ignorable_Code_Point; and the empty Braille pattern.
"""


class PrintableText(str):
    """Lines that are safe to print. Only this module and `bench.report.table` make it, out of values made printable."""

    __slots__ = ()


def printable(text: str) -> str:
    r"""Return text as one line in which every character that does not show is spelled out, such as `\n` and `\u202e`.

    Spelled out are control characters, line and paragraph separators, what sets the direction of text, and what has no
    width. `PrintableText` is returned unchanged, so that reports can be put together from parts.
    """
    return text if isinstance(text, PrintableText) else _UNUSUAL.sub(_spell_out, text)


def spell_out_bytes(text: str) -> str:
    r"""Return text in which bytes that are not UTF-8, as names of files may hold, are escapes such as `\udcff`."""
    return text.encode("utf-8", "backslashreplace").decode()


def join_lines(lines: Iterable[str]) -> PrintableText:
    """Return a report of these lines, without a newline at the end. A line end within a line is spelled out."""
    return PrintableText("\n".join(map(printable, lines)))


def wrap_lines(text: PrintableText, width: int) -> PrintableText:
    """Return text in which lines longer than the width are wrapped, below where their text begins."""
    wrapped = (line if len(line) <= width else _wrap(line, width) for line in text.split("\n"))
    return PrintableText("\n".join(wrapped))


def printable_json(document: str) -> PrintableText:
    r"""Return a JSON document in which no string hides a character: `\u202e` instead of the character itself.

    Its value stays the same. Outside of strings JSON has no such characters but line ends, which are kept.
    """
    return PrintableText(_UNUSUAL.sub(_escape_json, document))


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


def _is_hidden(char: str) -> bool:
    return not char.isprintable() or _BLANK.fullmatch(char) is not None


def _spell_out(found: re.Match[str]) -> str:
    char = found[0]
    return char.encode("unicode_escape").decode() if _is_hidden(char) else char


def _escape_json(found: re.Match[str]) -> str:
    char = found[0]
    if char == "\n" or not _is_hidden(char):
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
