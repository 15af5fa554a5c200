"""Record a machine: keep what detection reads, and pack it so that it can be sent.

A recording gives detection the same answers as the machine did, and holds nothing else.
"""

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from typing_extensions import override

from bench.hardware.tree import MAX_BYTES, Tree
from bench.records.reason import Reason
from bench.records.record import Record, encode_json_line

TOP: Final = "root"
"""The archive's one top folder: what `bench detect --root` takes after unpacking."""


class Recording(Record, frozen=True, kw_only=True):
    """What was read of a machine, unchanged: `scrub_recording` removes what is private.

    Attributes:
        files: Path → content; empty where only the presence of a file was asked for.
        folders: Paths of directories that were asked for or listed.
        unreadable: What exists and could not be read.
    """

    files: Mapping[str, bytes]
    folders: frozenset[str]
    unreadable: tuple[Reason, ...]


class RecordingTree(Tree):
    """A tree that keeps everything that was read from it."""

    def __init__(self, root: Path) -> None:
        """Take a root.

        Raises:
            MachineError: it is not a directory.
        """
        super().__init__(root)
        self._files: dict[str, bytes] = {}
        self._folders: set[str] = set()
        self._unread: dict[bytes, Reason] = {}

    @property
    def recording(self) -> Recording:
        """Everything that was read so far."""
        return Recording(
            files=dict(self._files), folders=frozenset(self._folders), unreadable=tuple(self._unread.values())
        )

    @override
    def data(self, path: str, *, limit: int = MAX_BYTES) -> bytes | None:
        data = super().data(path, limit=limit)
        name = _normalize(path)
        if data is not None and name is not None:
            self._files[name] = data
        return data

    @override
    def entries(self, path: str) -> tuple[str, ...]:
        names = super().entries(path)
        for name in names:
            self._keep_presence(f"{path}/{name}")
        return names

    @override
    def numbered(self, path: str, prefix: str) -> tuple[int, ...]:
        # Only the names that were asked for: an empty file in the place of one that was not read would
        # mislead a later version of the detector.
        numbers = super().numbered(path, prefix)
        for number in numbers:
            self._keep_presence(f"{path}/{prefix}{number}")
        return numbers

    @override
    def has(self, path: str) -> bool:
        present = super().has(path)
        if present:
            self._keep_presence(path)
        return present

    @override
    def note_unread(self, reason: Reason) -> None:
        self._unread[encode_json_line(reason)] = reason
        super().note_unread(reason)

    def _keep_presence(self, path: str) -> None:
        name = _normalize(path)
        if name is None:
            return
        if self.is_folder(path):
            self._folders.add(name)
        else:
            self._files.setdefault(name, b"")


def _normalize(path: str) -> str | None:
    """Return a path as an archive may hold it; None for the root, and for a path with `..`."""
    parts = [part for part in path.split("/") if part not in {"", "."}]
    return "/".join(parts) if parts and ".." not in parts else None


def pack_recording(members: Mapping[str, bytes | None]) -> bytes:
    """Pack files, and empty folders (None): equal members give equal bytes.

    Names ascend. Owner 0, mode 0644 or 0755 and time 0 replace the machine's own.
    """
    parents = {str(parent) for name in members for parent in Path(name).parents}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8") as archive:
        for name in sorted(members):
            data = members[name]
            info = tarfile.TarInfo(f"{TOP}/{name}")
            if data is not None:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
            elif name not in parents:
                info.type = tarfile.DIRTYPE
                info.mode = 0o755
                archive.addfile(info)
    return gzip.compress(packed.getvalue(), mtime=0)
