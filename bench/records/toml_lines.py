"""Line numbers of the keys and tables of a TOML file, so that an error can name the line.

`tomllib` gives values without places. This index knows the plain form that people write, `key = value` below
`[table]` or `[[table]]`. A key inside an inline table, or a word of a list, has the line of what holds it.
"""

import re
from collections.abc import Mapping, Sequence

Step = str | int
"""A key, or an index into an array."""

Steps = tuple[Step, ...]

ANY = "..."
"""What msgspec writes in place of a key of a mapping whose keys are data."""

_NAME = r"""(?:[A-Za-z0-9_-]+|"[^"\\]*"|'[^']*')"""
_NAMES = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_NAMES})\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(rf"\s*({_NAMES})\s*=")
_ONE_NAME = re.compile(_NAME)

_FIELD = re.compile(r"field `([^`]+)`")
_PLACE = re.compile(r" - at (?:`key` in )?`\$([^`]*)`$")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[([0-9]+|\.\.\.)\]")


def index_lines(text: str) -> Mapping[Steps, int]:
    """Return the line, from 1, of every key and table header that is written in plain form."""
    lines: dict[Steps, int] = {}
    lengths: dict[Steps, int] = {}
    table: Steps = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.fullmatch(line)
        if header is not None:
            table = _enter(_split(header[2]), lengths, is_array=header[1] == "[[")
            lines.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key is not None:
            lines.setdefault((*table, *_split(key[1])), number)
    return lines


def find_line(lines: Mapping[Steps, int], steps: Sequence[Step]) -> int | None:
    """Return the line of a key, or of the nearest table around it; None if neither is written in plain form."""
    known = tuple(steps)
    while known:
        if known in lines:
            return lines[known]
        known = known[:-1]
    return None


def parse_place(message: str) -> Steps:
    """Return the place that a message of msgspec names.

    Args:
        message: Such as ``Object contains unknown field `x` - at `$.match` ``.

    Returns:
        The keys and indexes from the top, `ANY` for a key that the message leaves out. Empty for the top itself.
    """
    place = _PLACE.search(message)
    steps: list[Step] = []
    for name, index in _STEP.findall(place[1] if place is not None else ""):
        steps.append(name or (ANY if index == ANY else int(index)))
    field = _FIELD.search(message)
    return (*steps, field[1]) if field is not None else tuple(steps)


def _split(names: str) -> Steps:
    return tuple(name.strip("\"'") for name in _ONE_NAME.findall(names))


def _enter(names: Steps, lengths: dict[Steps, int], *, is_array: bool) -> Steps:
    """Return the place of a table: a name of an array of tables means its latest entry (TOML 1.0, "Array of Tables")."""
    place: Steps = ()
    for depth, name in enumerate(names, start=1):
        place = (*place, name)
        if is_array and depth == len(names):
            lengths[place] = lengths.get(place, 0) + 1
        if place in lengths:
            place = (*place, lengths[place] - 1)
    return place
