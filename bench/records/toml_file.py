"""Users' TOML files (suites, profiles, policies), read once and strictly into a record.

The only module of this layer that reads a file: three packages of one layer need the same strictness, and none may
import another.
"""

import copy
import os
import re
import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

import msgspec

from bench.errors import UsageError, describe_refusal
from bench.records.known_values import describe_known
from bench.records.record import RecordT
from bench.records.toml_lines import ANY, Step, Steps, find_line, index_lines, parse_place

MAX_BYTES = 1 << 18
"""Far more than any such file needs: bounds what a wrong path can make bench read."""

_TOML_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
"""How tomllib ends a message."""


@dataclass(frozen=True, kw_only=True)
class TomlFile(Generic[RecordT]):
    """A file, and the record that it holds.

    Attributes:
        path: As the user gave it.
        data: Its bytes.
        record: Its contents.
    """

    path: Path
    data: bytes
    record: RecordT
    _lines: Mapping[Steps, int] = field(repr=False)

    def error(self, problem: str, *steps: Step) -> UsageError:
        """Make the error for a problem.

        Args:
            problem: What is wrong, both values, and the way out.
            steps: The key that it is about, from the top of the file: `"cases", 0, "shape"`.
        """
        return _error(self.path, find_line(self._lines, steps), problem)


def read_toml(path: Path, record_type: type[RecordT], *, noun: str) -> TomlFile[RecordT]:
    """Read a file and convert it to a record, which refuses unknown keys at every depth.

    Args:
        path: A regular file of at most `MAX_BYTES`.
        record_type: The record's class.
        noun: What the file should be, in errors: `suite`.

    Raises:
        UsageError: the file cannot be read, is no TOML, or is no such record; names the line where it is known.
    """
    data = _read_bytes(path, noun)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _error(path, line, f"not UTF-8 at byte {error.start}; wanted a {noun} in TOML") from error
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: int() refuses thousands of digits
        problem = describe_refusal(error)
        place = _TOML_PLACE.search(problem)
        where = None if place is None else int(place["line"] or max(1, len(text.splitlines())))
        raise _error(path, where, f"not TOML: {_TOML_PLACE.sub('', problem)}; wanted a {noun}") from error
    lines = index_lines(text)
    try:
        record = msgspec.convert(values, record_type, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        problem = describe_refusal(error)
        steps = _name_keys(values, record_type, parse_place(problem))
        known = describe_known(record_type, problem, steps)
        raise _error(path, find_line(lines, steps), f"not a {noun}: {problem}{known}") from error
    return TomlFile(path=path, data=data, record=record, _lines=lines)


def _read_bytes(path: Path, noun: str) -> bytes:
    try:
        # O_NONBLOCK: opening a pipe must not wait for a writer. What is no regular file may never end.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor has no Path
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise _error(path, None, f"not a regular file; wanted a {noun} in TOML")
            if status.st_size > MAX_BYTES:
                raise _error(path, None, f"{status.st_size} bytes, and a {noun} has at most {MAX_BYTES}")
            # A file that grows meanwhile is cut: it then fails to parse, and never fills memory.
            return file.read(MAX_BYTES)
    except OSError as error:
        raise _error(path, None, f"{error.strerror}; wanted a {noun} in TOML") from error
    except ValueError as error:  # a path with a NUL
        raise _error(path, None, f"{error}; wanted a {noun} in TOML") from error


def _name_keys(values: Mapping[str, object], record_type: type[RecordT], steps: Steps) -> Steps:
    """Put keys in the place of `ANY`, by converting the entries of such a mapping one at a time until one fails."""
    while ANY in steps:
        depth = steps.index(ANY)
        table = _follow(values, steps[:depth])
        wrong = next((key for key in table if _fails_alone(values, record_type, steps[:depth], key)), None)
        if wrong is None:
            return steps[:depth]
        steps = (*steps[:depth], wrong, *steps[depth + 1 :])
    return steps


def _fails_alone(values: Mapping[str, object], record_type: type[RecordT], steps: Steps, key: str) -> bool:
    trial = copy.deepcopy(dict(values))
    table = _follow(trial, steps)
    kept = table[key]
    table.clear()
    table[key] = kept
    try:
        msgspec.convert(trial, record_type, strict=True)
    except msgspec.ValidationError:
        return True
    return False


def _follow(values: object, steps: Sequence[Step]) -> dict[str, object]:
    for step in steps:
        values = values[step]  # type: ignore[index]  # msgspec has just walked the same way
    return values  # type: ignore[return-value] # the steps lead to a table


def _error(path: Path, line: int | None, problem: str) -> UsageError:
    return UsageError(f"{path}: {problem}" if line is None else f"{path}:{line}: {problem}")
