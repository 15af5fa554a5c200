r"""Text in records that has one line.

The pattern excludes characters that honest readers of hosts and packages never yield: control characters, line and
paragraph separators, and what has no width or sets the direction of text. A bundle that is made to look like the output
of `bench verify` is refused by it. Whatever else a record quotes is spelled out where it is printed.

Source of the ranges: Unicode 15, general categories Cc, Zl, Zp, and Cf in the Basic Multilingual Plane.
"""

from typing import Annotated

from msgspec import Meta

_SHOWN = (
    r"[^\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f"
    r"\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)

Line = Annotated[str, Meta(pattern=rf"^{_SHOWN}*\Z")]
"""One line; may be empty."""

Note = Annotated[str, Meta(pattern=rf"^{_SHOWN}{{1,1000}}\Z")]
"""What a user says of a run."""

Release = Annotated[str, Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+!_-]{0,59}\Z")]
"""A version of bench, as PEP 440 spells versions."""


def clean_line(text: str, *, limit: int = 200) -> str:
    """Return text from outside as one printable line: control characters become blanks, blanks are joined.

    Of a text that is far longer than the limit, only the beginning is looked at.
    """
    text = text[: 16 * limit]
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.split())[:limit]
