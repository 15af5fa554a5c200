r"""Locate sources: read their bytes, and run nothing of them.

The digest of a file is its SHA-256. That of a folder is the SHA-256 of its listing as `sha256sum` prints it, which
anyone can make: `find . -xtype f -not -path '*/.*' -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum`.
Links to files count as files; links to folders are not followed.
"""

import hashlib
import io
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.backends.registry import find_missing_packages
from bench.errors import EnvironmentUnfitError, UsageError
from bench.records.case import WorkloadName
from bench.records.digest import Digest
from bench.records.source import SEALED_BYTES, LocatedSource, Source
from bench.workloads.sources.registry import SourceWord

MAX_CODE_BYTES = 16 << 20
"""Of a file of code: more is data under the wrong name."""

MAX_FILES = 10_000
"""In a folder: more are not one model, but somebody's home."""

_NAME_CHARACTERS = 42
"""Of a workload's name with its kind (`bench.records.case.WorkloadName`)."""


def locate_code(word: SourceWord) -> LocatedSource:
    """Locate a file of Python code, with its content for the bundle if it is small enough.

    Raises:
        UsageError: it cannot be read as a file.
    """
    content = read_whole(word.path)
    return LocatedSource(
        source=Source(
            kind=word.kind.name,
            name=clean_name(word.path),
            digest=digest_bytes(content),
            size_bytes=len(content),
            workloads=(),
            sealed=len(content) <= SEALED_BYTES,
        ),
        path=str(word.path.absolute()),
        select=word.select,
        content=content if len(content) <= SEALED_BYTES else None,
    )


def list_file(located: LocatedSource) -> tuple[Path, ...]:
    """Return the file of a source that is one file of code."""
    return (Path(located.path),)


def locate_file(word: SourceWord) -> LocatedSource:
    """Locate a file that is no code and of any size, by its digest alone.

    Raises:
        UsageError: it cannot be read as a file.
    """
    return _locate(word, *digest_file(word.path))


def locate_onnx(word: SourceWord) -> LocatedSource:
    """Locate an ONNX file.

    Raises:
        UsageError: it cannot be read as a file.
        EnvironmentUnfitError: the packages that read it are not installed.
    """
    missing = find_missing_packages("onnxruntime")
    if missing:
        raise EnvironmentUnfitError(
            f"--workload {word.written}: ONNX files need {', '.join(missing)}, not installed here; install the extra "
            "`engines`, locked in images/requirements-engines.lock"
        )
    return locate_file(word)


def locate_folder(word: SourceWord) -> LocatedSource:
    """Locate a folder, by the digest of its listing; names that begin with a dot are left out.

    Raises:
        UsageError: it cannot be read as a folder.
    """
    return _locate(word, *digest_folder(word.path))


def _locate(word: SourceWord, digest: Digest, size_bytes: int) -> LocatedSource:
    source = Source(kind=word.kind.name, name=clean_name(word.path), digest=digest, size_bytes=size_bytes, workloads=())
    return LocatedSource(source=source, path=str(word.path.absolute()), select=word.select)


def digest_bytes(content: bytes) -> Digest:
    """Return the SHA-256 of bytes, as records write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def read_whole(path: Path) -> bytes:
    """Return a regular file of code.

    Raises:
        UsageError: it is no regular file, cannot be read, or has more than `MAX_CODE_BYTES`.
    """
    try:
        with _open_regular(path) as file:
            content = file.read(MAX_CODE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > MAX_CODE_BYTES:
        raise UsageError(f"{path}: has more than {MAX_CODE_BYTES >> 20} MiB, too much for code")
    return content


def digest_file(path: Path) -> tuple[Digest, int]:
    """Return a regular file's SHA-256 and size.

    Raises:
        UsageError: it is no regular file, or cannot be read.
    """
    try:
        with _open_regular(path) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return f"sha256:{digest}", file.tell()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def digest_folder(path: Path) -> tuple[Digest, int]:
    """Return the SHA-256 of a folder's listing, and the bytes in its files.

    Raises:
        UsageError: it is no folder, is empty, has more than `MAX_FILES` files, or one that cannot be read or listed.
    """
    if not path.is_dir():
        raise UsageError(f"{path}: not a folder")
    names = list(list_files(path))
    if not names:
        raise UsageError(f"{path}: holds no files")
    return digest_listing(path, names)


def digest_listing(path: Path, names: Iterable[str]) -> tuple[Digest, int]:
    """Return the SHA-256 of a listing of some files of a folder, and the bytes in them.

    Raises:
        UsageError: one cannot be read or listed.
    """
    listing, total = hashlib.sha256(), 0
    for name in sorted(names, key=os.fsencode):
        if set(name) & set("\\\n\r"):  # sha256sum writes such names in another way; and two listings could be the same
            raise UsageError(f"{path}: the file name {name!r} has a backslash or a line end; rename it")
        digest, size_bytes = digest_file(path / name)
        listing.update(digest.removeprefix("sha256:").encode() + b"  " + os.fsencode(name) + b"\n")
        total += size_bytes
    return f"sha256:{listing.hexdigest()}", total


def clean_name(path: Path) -> str:
    """Return the name of a file or folder as a plan may state it."""
    name = re.sub(r"[^A-Za-z0-9._ +-]", "_", path.absolute().name)[:100]
    return name if re.match(r"[A-Za-z0-9]", name) else f"x{name}"[:100]


def workload_name(kind: str, text: str) -> WorkloadName:
    """Return the name of a workload of a source: the kind, a dot, and the text in lower case with underscores."""
    slug = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    slug = slug if re.match(r"[a-z]", slug) else f"x{slug}"
    return f"{kind}.{slug}"[:_NAME_CHARACTERS].rstrip("_")


def _open_regular(path: Path) -> io.BufferedReader:
    """Open a file without waiting for anybody: a named pipe has no end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise UsageError(f"{path}: not a regular file")
    return file


def list_files(path: Path) -> Iterator[str]:
    """Yield the names of a folder's files, relative to it, without those that begin with a dot."""
    count = 0
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            count += 1
            if count > MAX_FILES:
                raise UsageError(f"{path}: has more than {MAX_FILES} files; give the folder of one model")
            if not name.startswith("."):
                yield os.path.relpath(os.path.join(folder, name), path)  # noqa: PTH118 - names need not be UTF-8
