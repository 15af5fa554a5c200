"""Whole files: read with a bound, written all or nothing."""

import os
import secrets
import stat
from pathlib import Path

from bench.errors import BundleError, OutputError, UsageError


def read_file(path: Path, *, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes.

    A pipe or a device is refused without waiting for it, a larger file without reading it.

    Raises:
        UsageError: there is no such file, or it cannot be read.
        BundleError: it is larger than the limit, or grows while it is read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor has no Path
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise UsageError(f"{path}: not a regular file; name a file on disk")
            if status.st_size > limit:
                raise BundleError(f"{path}: {status.st_size} bytes; at most {limit} are read")
            data = file.read(status.st_size + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    if len(data) != status.st_size:
        raise BundleError(f"{path}: changed while it was read; wait until its writer is done")
    return data


def write_file(path: Path, data: bytes, *, replace: bool) -> None:
    """Write a file atomically: whoever looks sees nothing, the old file, or the whole new one.

    The bytes go to `.<name>.tmp-<random>` beside it, reach the disk, and take the name at last.
    A writer that is killed leaves such a file behind, which can be deleted.

    Args:
        path: Where; its folder must exist.
        data: All of it.
        replace: Whether a file of that name may be there already.

    Raises:
        OutputError: the place cannot take the file, or has it already.
    """
    if not replace and os.path.lexists(path):
        raise OutputError(f"{path}: exists already; move it or choose another name")
    temporary = path.with_name(f".{path.name}.tmp-{secrets.token_hex(4)}")
    try:
        try:
            _write_through(temporary, data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}; the folder must exist, be writable and have room") from error


def write_new_file(path: Path, data: bytes, *, mode: int) -> None:
    """Write a file that must not exist yet, with these permissions from its first byte on.

    Raises:
        OutputError: it exists, or the place cannot take it.
    """
    try:
        _write_through(path, data, mode=mode)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}; choose a new name in a writable folder") from error


def _write_through(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Create a file, write it and wait for the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no Path
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    """Wait until the folder's entries are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
