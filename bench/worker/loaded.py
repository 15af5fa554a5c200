"""The files that this process has loaded: whose they are, and whether they are what was installed.

A package's RECORD lists its files with their hashes (PyPA, Recording installed projects), and the bundle states the
digest of that list. This holds each loaded file against it: a module from anywhere else, or one that was changed after
it was installed, is not what the bundle states.
"""

import base64
import csv
import hashlib
import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.bundle.source import PROJECT
from bench.launch.failure import fail
from bench.launch.libraries import mapped_files
from bench.records.measurement import LoadedFiles
from bench.records.reason import Reason
from bench.records.source import LocatedSource
from bench.workloads.sources.registry import find_kind

HASHES = "hashes.json"
"""File of a run's scratch folder: what its workers have hashed. Libraries have a gigabyte, and cells share them."""

_SITES = frozenset({"dist-packages", "site-packages"})
"""Folders of installed packages; they may be inside the standard library's."""


class Recorded(NamedTuple):
    """A file in an installed package's own list.

    Attributes:
        package: Name of the package, as its metadata spells it.
        path: As the list spells it.
        hash: Such as `sha256=` and the digest in URL-safe base64.
    """

    package: str
    path: str
    hash: str


class _Hashed(msgspec.Struct, frozen=True, array_like=True):
    """A file's hash, with what changes when the file does."""

    size: int
    inode: int
    modified_ns: int
    changed_ns: int
    hash: str

    @property
    def identity(self) -> tuple[int | str, ...]:
        """All of it but the digest."""
        return self.size, self.inode, self.modified_ns, self.changed_ns, self.hash.partition("=")[0]


def verify_loaded(scratch: Path, located: LocatedSource | None = None) -> dict[str, LoadedFiles]:
    """Return what this process has loaded of each package: its modules, and the libraries of packages that have some.

    Libraries of other packages, such as those for GPUs, are mapped as dependencies and never called; those of the system
    belong to no package.

    Args:
        scratch: The run's folder for temporary files; compilers write modules there.
        located: The source of the workload, whose own files of code may be loaded too.

    Raises:
        WorkerFailedError: a file does not belong to an installed package, or differs from what was installed.
    """
    records = index_records(distributions())
    others = (PROJECT / "bench", scratch.resolve(), *map(Path, _standard_library()), *_code_of(located))
    owned = find_packages(list_modules(), records, others)
    maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    owned |= find_libraries(mapped_files(maps), records, {recorded.package for recorded in owned.values()})
    hashes = _read_hashes(scratch / HASHES)
    loaded = compare_hashes(owned, hashes)
    with suppress(OSError):  # a worker in a container sees only its own folder
        _write_hashes(scratch / HASHES, hashes)
    return loaded


def _code_of(located: LocatedSource | None) -> tuple[Path, ...]:
    """Return the files whose code belongs to the case; a file is in itself, and nothing else is in it."""
    return () if located is None else find_kind(located.source.kind).find_code(located)


def list_modules() -> dict[Path, str]:
    """Return the files of this process's modules, with the modules' names; built-in and frozen ones have none."""
    files: dict[Path, str] = {}
    for name, module in sorted(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        file = spec.origin if spec is not None and spec.has_location else None
        if isinstance(file, str):
            files.setdefault(Path(file), name)
    return files


def index_records(installed: Iterable[Distribution]) -> dict[str, Recorded]:
    """Return the files of all packages, by their real paths."""
    index: dict[str, Recorded] = {}
    for distribution in installed:
        package = distribution.metadata["Name"]
        folder = os.path.realpath(str(distribution.locate_file("")))
        for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
            if len(row) > 1 and row[1]:
                path = os.path.normpath(os.path.join(folder, row[0]))  # noqa: PTH118 - 50,000 of them
                index.setdefault(path, Recorded(package, row[0], row[1]))
    return index


def find_packages(
    modules: Mapping[Path, str], records: Mapping[str, Recorded], others: Sequence[Path]
) -> dict[str, Recorded]:
    """Return the entry of each module's file in its package's list.

    Args:
        modules: File → name of the module.
        records: Of `index_records`.
        others: Folders, and single files, whose modules belong to no package.

    Raises:
        WorkerFailedError: a module was loaded from elsewhere.
    """
    owned: dict[str, Recorded] = {}
    for file, name in modules.items():
        path = os.path.realpath(file)
        if path in records:
            owned[path] = records[path]
        elif not any(_is_in(file, folder) or _is_in(Path(path), folder) for folder in others):
            raise fail(_explain_origin(file, name, records))
    return owned


def find_libraries(mapped: Iterable[Path], records: Mapping[str, Recorded], packages: set[str]) -> dict[str, Recorded]:
    """Return the entries of mapped files that belong to some packages.

    Raises:
        WorkerFailedError: one is where packages are installed, and in no package's list.
    """
    owned: dict[str, Recorded] = {}
    for file in mapped:
        path = os.path.realpath(file)
        if path in records:
            if records[path].package in packages:
                owned[path] = records[path]
        elif _SITES.intersection(file.parts) and file.is_file():
            raise fail(_explain_origin(file, file.name, records))
    return owned


def compare_hashes(owned: Mapping[str, Recorded], hashes: dict[str, _Hashed]) -> dict[str, LoadedFiles]:
    """Hash files, and return how many of each package are as its list states, with a digest over their entries.

    Args:
        owned: Path → entry.
        hashes: Of files that were hashed before in this run; takes the new ones.

    Raises:
        WorkerFailedError: a file is not as its package's list states.
    """
    lines: dict[str, list[str]] = {}
    for path, recorded in owned.items():
        found = _hash(path, recorded.hash.partition("=")[0], hashes)
        if found != recorded.hash:
            values = {"file": path, "package": recorded.package, "found": found, "recorded": recorded.hash}
            raise fail(Reason(code="file_altered", values=values))
        lines.setdefault(recorded.package, []).append(f"{recorded.path},{recorded.hash}\n")
    return {
        package: LoadedFiles(
            files=len(entries), digest=f"sha256:{hashlib.sha256(''.join(sorted(entries)).encode()).hexdigest()}"
        )
        for package, entries in sorted(lines.items())
    }


def _explain_origin(file: Path, name: str, records: Mapping[str, Recorded]) -> Reason:
    """Return the reason for a file from elsewhere: with the package that provides the module, if there is one."""
    top = name.partition(".")[0]
    provides = re.compile(rf"{re.escape(top)}(/|\.)")
    package = next((recorded.package for recorded in records.values() if provides.match(recorded.path)), None)
    values = {"module": name, "file": str(file)}
    if package is None:
        return Reason(code="module_of_no_package", values=values)
    return Reason(code="module_elsewhere", values=values | {"package": package})


def _standard_library() -> set[str]:
    paths = sysconfig.get_paths()
    return {paths["stdlib"], paths["platstdlib"]}


def _is_in(file: Path, folder: Path) -> bool:
    """Return whether a file is in a folder, and not in a folder of installed packages inside that one."""
    return file.is_relative_to(folder) and not _SITES.intersection(file.relative_to(folder).parts)


def _hash(path: str, algorithm: str, hashes: dict[str, _Hashed]) -> str:
    try:
        status = Path(path).stat()
        known = hashes.get(path)
        identity = (status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
        if known is not None and (*identity, algorithm) == known.identity:
            return known.hash
        with Path(path).open("rb") as file:
            digest = hashlib.file_digest(file, algorithm).digest()
    except (OSError, ValueError) as error:
        return f"unreadable: {error}"
    text = f"{algorithm}={base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
    hashes[path] = _Hashed(*identity, text)
    return text


def _read_hashes(path: Path) -> dict[str, _Hashed]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, _Hashed])
    except (OSError, msgspec.MsgspecError):
        return {}


def _write_hashes(path: Path, hashes: Mapping[str, _Hashed]) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(msgspec.json.encode(hashes))
    temporary.replace(path)
