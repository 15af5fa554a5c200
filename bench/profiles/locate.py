"""Where in a TOML file something stands, so that an error can name the line.

It knows the plain form that profiles are written in, `key = value` below `[table]` or `[[table]]`;
of anything else (inline tables, keys with dots) it says that it does not know.
"""

import re

_TABLE = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_-]+)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")
_FIELD = re.compile(r"field `([^`]+)`")
_PATH = re.compile(r" - at `\$([^`]*)`$")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[([0-9]+)\]")


def find_line(text: str, table: str | None, key: str | None, index: int = 0) -> int | None:
    """Line of a key, or of a table's header.

    Args:
        text: The file.
        table: Its name; None for the keys before the first table.
        key: None for the table's header itself.
        index: Which of several `[[table]]`, from 0.

    Returns:
        The line, from 1; None if it is not there in plain form.
    """
    current: str | None = None
    seen = -1
    for number, line in enumerate(text.splitlines(), start=1):
        header = _TABLE.fullmatch(line)
        if header is not None:
            current = header[1]
            seen += current == table
            if key is None and current == table and seen == index:
                return number
            continue
        here = current == table and (table is None or seen == index)
        found = _KEY.match(line)
        if here and key is not None and found is not None and found[1] == key:
            return number
    return None


def find_message_line(text: str, message: str) -> int | None:
    """Line that a message of msgspec is about.

    Args:
        text: The file.
        message: Such as ``Object contains unknown field `x` - at `$.match` ``.
    """
    path = _PATH.search(message)
    names: list[str] = []
    index = 0
    for step in _STEP.finditer(path[1]) if path is not None else ():
        if step[1]:
            names.append(step[1])
        elif len(names) == 1:
            index = int(step[2])
    field = _FIELD.search(message)
    if field is not None:
        names.append(field[1])
    if len(names) == 1:
        return find_line(text, None, names[0]) or find_line(text, names[0], None, index)
    if len(names) == 2:
        return find_line(text, names[0], names[1], index) or find_line(text, names[0], None, index)
    return None
