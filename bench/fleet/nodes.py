"""Lists of nodes, as Slurm writes them: `n[01-16,20],login.example`."""

import re
from collections.abc import Iterator

import msgspec

from bench.errors import UsageError
from bench.records.fleet import NodeName

MAX_NODES = 10_000

_ENTRY = re.compile(r"([^,\[\]]*)(?:\[([0-9,-]+)\]([^,\[\]]*))?(?:,|\Z)", re.ASCII)
_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", re.ASCII)


def expand_nodes(text: str) -> tuple[str, ...]:
    """Return the names of a list, in its order. `[01-03]` is a range, whose numbers are as wide as the first.

    Raises:
        UsageError: it is empty, malformed or too long, has a name that no host can have, or has one twice.
    """
    names: list[str] = []
    position = 0
    while position < len(text) or not names:
        entry = _ENTRY.match(text, position)
        if entry is None or not entry[0]:
            raise UsageError(f"--nodes {text!r:.80}: not a list like n[01-16],login.example")
        for name in _expand_entry(entry[1], entry[2], entry[3] or "", text):
            names.append(_check_name(name))
            if len(names) > MAX_NODES:
                raise UsageError(f"--nodes {text!r:.80}: more than {MAX_NODES} nodes; name fewer")
        position = entry.end()
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise UsageError(f"--nodes: {twice} is named twice; name each node once")
    return tuple(names)


def _expand_entry(prefix: str, ranges: str | None, suffix: str, text: str) -> Iterator[str]:
    if ranges is None:
        yield prefix
        return
    for part in ranges.split(","):
        found = _RANGE.fullmatch(part)
        if found is None or int(found[2] or found[1]) < int(found[1]):
            raise UsageError(f"--nodes {text!r:.80}: {part!r} is not a range like 01-16")
        for number in range(int(found[1]), int(found[2] or found[1]) + 1):
            yield f"{prefix}{number:0{len(found[1])}}{suffix}"


def _check_name(name: str) -> str:
    try:
        return msgspec.convert(name, NodeName)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"--nodes: {name!r:.80} is not a host name of letters, digits, dots, dashes and underscores"
        ) from error
