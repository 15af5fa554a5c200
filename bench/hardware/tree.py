"""The root directory of a machine, read strictly. Every reader of this room opens files through it only."""

import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.errors import MachineError
from bench.records.cpulist import parse_cpulist
from bench.records.reason import Reason
from bench.records.record import encode_json_line
from bench.records.text import clean_line

MAX_BYTES: Final = 4 << 20
"""Largest file that is read; `/proc/cpuinfo` of very large machines asks for more."""

MAX_ID: Final = 16_383
"""Largest CPU or node number accepted: twice any kernel's NR_CPUS, and small enough for a record's list."""

_CHUNK: Final = 1 << 16
_DOTS: Final = frozenset({"", ".", ".."})
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})", re.ASCII)
_MASK: Final = re.compile(r"[0-9a-f]{1,8}(?:,[0-9a-f]{8}){0,511}", re.ASCII)
_ABSENT: Final = frozenset(
    {
        errno.ENOENT,
        errno.ENOTDIR,
        # sysfs shows files that it cannot fill at the moment, such as those of a CPU that went offline.
        errno.ENODEV,
        errno.ENXIO,
        errno.EINVAL,
        errno.EOPNOTSUPP,
    }
)


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
    """A machine's files below a root, and notes on what is missing from them.

    A file that does not exist is None, without a note: most machines lack most files. A file that exists and
    cannot be read, is no regular file, leads out of the root or does not parse is None too, with a note. Paths are
    relative to the root, without a leading slash.

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
        self._missing: dict[bytes, Reason] = {}
        self._located: dict[str, str] = {"": self._root}
        self._absent: set[str] = set()

    @property
    def missing(self) -> tuple[Reason, ...]:
        """The notes so far, each once, in order."""
        return tuple(self._missing.values())

    def note(self, code: str, /, **values: str) -> None:
        """Note that something is missing or contradicts itself.

        Args:
            code: Of the reason; its sentence is in `bench.report.reasons_hardware`.
            values: Of the reason; text from outside is made one printable line.
        """
        self._keep(Reason(code=code, values={name: clean_line(text, limit=400) for name, text in values.items()}))

    def note_unread(self, reason: Reason) -> None:
        """Note that a path exists and cannot be read, which no recording of its content can show."""
        self._keep(reason)

    def _keep(self, reason: Reason) -> None:
        # A reason holds a mapping and has no hash: so its bytes identify it.
        self._missing[encode_json_line(reason)] = reason

    def text(self, path: str, *, limit: int = MAX_BYTES) -> str | None:
        """Return the whole file; bytes that are not UTF-8 become replacement characters."""
        data = self.data(path, limit=limit)
        return None if data is None else data.decode("utf-8", errors="replace").rstrip("\0")

    def data(self, path: str, *, limit: int = MAX_BYTES) -> bytes | None:
        """Return the whole file as bytes."""
        try:
            return self._read(path, limit)
        except (OSError, ValueError) as error:
            self._note_problem(path, error)
        return None

    def line(self, path: str) -> str | None:
        """Return the file as one printable line; None if it is blank."""
        text = self.text(path)
        return clean_line(text) or None if text is not None else None

    def integer(self, path: str) -> int | None:
        """Return the file as a decimal number of up to fifteen digits; None if it is blank."""
        line = self.line(path)
        if line is None:
            return None
        if _INTEGER.fullmatch(line) is None:
            self.note("not_a_number", path=path, text=line[:80])
            return None
        return int(line)

    def cpulist(self, path: str) -> frozenset[int] | None:
        """Return the CPUs or nodes of a file in list format: `0-3,8`."""
        return self._numbers(path, parse_cpulist, "not_a_cpu_list")

    def cpumask(self, path: str) -> frozenset[int] | None:
        """Return the CPUs of a file in mask format: `ff,00000003`."""
        return self._numbers(path, parse_cpumask, "not_a_cpu_mask")

    def entries(self, path: str) -> tuple[str, ...]:
        """Return the names in a directory, sorted; none if it does not exist."""
        return self._list(path)

    def numbered(self, path: str, prefix: str) -> tuple[int, ...]:
        """Return the numbers of entries such as `cpu12` in a directory, ascending."""
        pattern = re.compile(re.escape(prefix) + r"(0|[1-9][0-9]{0,4})", re.ASCII)
        matches = (pattern.fullmatch(name) for name in self._list(path))
        return tuple(sorted(int(match[1]) for match in matches if match is not None and int(match[1]) <= MAX_ID))

    def has(self, path: str) -> bool:
        """Return whether anything exists at this path."""
        try:
            return os.path.lexists(self._locate(path))
        except (OSError, ValueError):
            return False

    def is_folder(self, path: str) -> bool:
        """Return whether a directory, or a link to one, exists at this path."""
        try:
            return os.path.isdir(self._locate(path))  # noqa: PTH112 - beside `has`, on the same text
        except (OSError, ValueError):
            return False

    def _numbers(self, path: str, parse: Callable[[str], frozenset[int]], problem: str) -> frozenset[int] | None:
        text = self.text(path)
        if text is None:
            return None
        try:
            found = parse(text)
        except ValueError:
            self.note(problem, path=path, text=text[:80])
            return None
        if max(found, default=0) > MAX_ID:
            self.note("id_out_of_range", path=path, id=str(max(found)))
            return None
        return found

    def _locate(self, path: str) -> str:
        """Return the path to open. A recorded tree's links may not lead to this host's own files."""
        if self.is_host:
            return f"/{path}"
        folder, _, name = path.rpartition("/")
        if not folder or name in _DOTS:
            return self._resolve(f"{self._root}/{path}")
        full = f"{self._locate_folder(folder)}/{name}"
        return self._resolve(full) if os.path.islink(full) else full  # noqa: PTH114 - on text, for speed

    def _locate_folder(self, folder: str) -> str:
        """Return where a directory is, resolved once: machines of 2048 CPUs have 60,000 files in 10,000 of them.

        Raises:
            FileNotFoundError: there is none.
        """
        real = self._located.get(folder)
        if real is None:
            if folder in self._absent:
                raise FileNotFoundError(errno.ENOENT, folder)
            parent, _, name = folder.rpartition("/")
            full = f"{self._locate_folder(parent)}/{name}"
            try:
                is_link = stat.S_ISLNK(os.lstat(full).st_mode)
            except FileNotFoundError:
                self._absent.add(folder)
                raise
            real = self._located[folder] = self._resolve(full) if is_link or name in _DOTS else full
        return real

    def _resolve(self, full: str) -> str:
        real = os.path.realpath(full)
        if not f"{real}/".startswith(f"{self._root}/"):
            raise ValueError("outside_tree")
        return real

    def _list(self, path: str) -> tuple[str, ...]:
        try:
            return tuple(sorted(os.listdir(self._locate(path))))  # noqa: PTH208 - names are wanted, not paths
        except (OSError, ValueError) as error:
            self._note_problem(path, error)
        return ()

    def _note_problem(self, path: str, error: OSError | ValueError) -> None:
        """Note why a path cannot be read: an errno by name, as its text depends on the C library and the language."""
        if not isinstance(error, OSError):
            problem = str(error)
        elif error.errno in _ABSENT:
            return
        else:
            problem = errno.errorcode.get(error.errno or 0, "unknown")
        self.note_unread(Reason(code="unreadable", values={"path": clean_line(path, limit=400), "problem": problem}))

    def _read(self, path: str, limit: int) -> bytes:
        # O_NONBLOCK: opening a pipe in a file's place must not wait for a writer.
        descriptor = os.open(self._locate(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ValueError("not_a_regular_file")
            chunks: list[bytes] = []
            size = 0
            while chunk := os.read(descriptor, _CHUNK):
                chunks.append(chunk)
                size += len(chunk)
                if size > limit:
                    raise ValueError("too_large")
            return b"".join(chunks)
        finally:
            os.close(descriptor)
