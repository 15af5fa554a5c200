"""The root directory of a machine, read strictly: the one way that this room opens a file."""

import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.errors import MachineError
from bench.records.cpulist import parse_cpulist

MAX_BYTES: Final = 4 << 20
"""Largest file that is read; `/proc/cpuinfo` of very large machines asks for more."""

MAX_ID: Final = 16_383
"""Largest CPU or node number believed: twice any kernel's NR_CPUS, and small enough for a record's list."""

_CHUNK: Final = 1 << 16
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})", re.ASCII)
_MASK: Final = re.compile(r"[0-9a-f]{1,8}(?:,[0-9a-f]{8}){0,511}", re.ASCII)
_ABSENT: Final = frozenset(
    {
        errno.ENOENT,
        errno.ENOTDIR,
        # sysfs shows files that it cannot fill just now, as those of a CPU that went offline.
        errno.ENODEV,
        errno.ENXIO,
        errno.EINVAL,
        errno.EOPNOTSUPP,
    }
)


def clean_line(text: str, *, limit: int = 200) -> str:
    """One printable line made of text from outside: control characters become blanks, blanks are joined."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:limit]


def parse_cpumask(text: str) -> frozenset[int]:
    """Read the kernel's mask format, hexadecimal words of 32 bits, the highest first: `ff,00000003`.

    Raises:
        ValueError: the text is no such mask; the message shows it.
    """
    stripped = text.strip("\0 \t\r\n")
    if _MASK.fullmatch(stripped) is None:
        raise ValueError(f"{stripped[:80]!r} is not a CPU mask like ff,00000003")
    bits = int(stripped.replace(",", ""), 16)
    return frozenset(bit for bit in range(bits.bit_length()) if bits >> bit & 1)


class Tree:
    """A machine's files below a root, and the list of what is missing from them.

    A file that is not there is None and nothing more is said: most machines lack most files. A file that
    is there but cannot be read, is no regular file, leads out of the root or does not parse is None too,
    and is noted. Paths are relative to the root, without a leading slash.

    Attributes:
        is_host: The root is this host's own, not a recorded tree.
    """

    def __init__(self, root: Path) -> None:
        """Take a root.

        Raises:
            MachineError: it is not a directory.
        """
        self._root = os.path.realpath(root)
        if not Path(self._root).is_dir():
            raise MachineError(f"{root}: not a directory; name the root of a recorded /proc and /sys")
        self.is_host: Final = self._root == "/"
        self._missing: dict[str, None] = {}

    @property
    def missing(self) -> tuple[str, ...]:
        """What was noted so far, each sentence once, in order."""
        return tuple(self._missing)

    def note(self, sentence: str) -> None:
        """Say that something is missing or contradicts itself."""
        self._missing[clean_line(sentence, limit=400)] = None

    def note_unread(self, sentence: str) -> None:
        """Say that something stands at a path and cannot be read, which no recording of its content can show."""
        self.note(sentence)

    def text(self, path: str, *, limit: int = MAX_BYTES) -> str | None:
        """The whole file; bytes that are not UTF-8 become replacement characters."""
        data = self.data(path, limit=limit)
        return None if data is None else data.decode("utf-8", errors="replace").rstrip("\0")

    def data(self, path: str, *, limit: int = MAX_BYTES) -> bytes | None:
        """The whole file as bytes."""
        try:
            return self._read(path, limit)
        except OSError as error:
            if error.errno not in _ABSENT:
                self.note_unread(f"{path}: {error.strerror}")
        except ValueError as error:
            self.note_unread(f"{path}: {error}")
        return None

    def line(self, path: str) -> str | None:
        """The file as one printable line; None if it is blank."""
        text = self.text(path)
        return clean_line(text) or None if text is not None else None

    def integer(self, path: str) -> int | None:
        """The file as a decimal number of up to fifteen digits; None if it is blank."""
        line = self.line(path)
        if line is None:
            return None
        if _INTEGER.fullmatch(line) is None:
            self.note(f"{path}: {line[:80]!r} is not a number")
            return None
        return int(line)

    def cpulist(self, path: str) -> frozenset[int] | None:
        """The CPUs or nodes of a file in list format: `0-3,8`."""
        return self._numbers(path, parse_cpulist)

    def cpumask(self, path: str) -> frozenset[int] | None:
        """The CPUs of a file in mask format: `ff,00000003`."""
        return self._numbers(path, parse_cpumask)

    def entries(self, path: str) -> tuple[str, ...]:
        """The names in a directory, sorted; none if it is not there."""
        return self._list(path)

    def numbered(self, path: str, prefix: str) -> tuple[int, ...]:
        """The numbers of entries such as `cpu12` in a directory, ascending."""
        pattern = re.compile(re.escape(prefix) + r"(0|[1-9][0-9]{0,4})", re.ASCII)
        matches = (pattern.fullmatch(name) for name in self._list(path))
        return tuple(sorted(int(match[1]) for match in matches if match is not None and int(match[1]) <= MAX_ID))

    def has(self, path: str) -> bool:
        """Something stands at this path."""
        try:
            return os.path.lexists(self._locate(path))
        except (OSError, ValueError):
            return False

    def is_folder(self, path: str) -> bool:
        """A directory, or a link to one, stands at this path."""
        try:
            return os.path.isdir(self._locate(path))  # noqa: PTH112 - beside `has`, on the same text
        except (OSError, ValueError):
            return False

    def _numbers(self, path: str, parse: Callable[[str], frozenset[int]]) -> frozenset[int] | None:
        text = self.text(path)
        if text is None:
            return None
        try:
            found = parse(text)
        except ValueError as error:
            self.note(f"{path}: {error}")
            return None
        if max(found, default=0) > MAX_ID:
            self.note(f"{path}: number {max(found)} is beyond any kernel's; the file is not believed")
            return None
        return found

    def _locate(self, path: str) -> str:
        """The path to open. A recorded tree's links may not lead to this host's own files."""
        full = f"{self._root.rstrip('/')}/{path}"
        if self.is_host:
            return full
        real = os.path.realpath(full)
        if not real.startswith(f"{self._root}/"):
            raise ValueError("leads out of the recorded tree")
        return real

    def _list(self, path: str) -> tuple[str, ...]:
        try:
            return tuple(sorted(os.listdir(self._locate(path))))  # noqa: PTH208 - names are wanted, not paths
        except OSError as error:
            if error.errno not in _ABSENT:
                self.note_unread(f"{path}: {error.strerror}")
        except ValueError as error:
            self.note_unread(f"{path}: {error}")
        return ()

    def _read(self, path: str, limit: int) -> bytes:
        # O_NONBLOCK: opening a pipe that stands in a file's place must not wait for a writer.
        descriptor = os.open(self._locate(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ValueError("not a regular file")
            chunks: list[bytes] = []
            size = 0
            while chunk := os.read(descriptor, _CHUNK):
                chunks.append(chunk)
                size += len(chunk)
                if size > limit:
                    raise ValueError(f"larger than {limit} bytes")
            return b"".join(chunks)
        finally:
            os.close(descriptor)
