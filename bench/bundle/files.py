"""Read whole files with a bound on their size, and write them all or nothing."""

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from bench.bundle.sync import sync
from bench.errors import BundleError, OutputError, UsageError


def read_file(path: Path, *, limit: int) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes.

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
    except IsADirectoryError as error:
        raise UsageError(f"{path}: a folder; name a file in it") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    if len(data) != status.st_size:
        raise BundleError(f"{path}: changed while it was read; wait until it is written")
    return data


def find_state_folder(environment: Mapping[str, str]) -> Path | None:
    """Return bench's folder among what programs remember for a user; None if no home is known.

    Source: XDG Base Directory Specification, version 0.8, `XDG_STATE_HOME`.
    """
    stated, home = environment.get("XDG_STATE_HOME", ""), environment.get("HOME", "")
    if stated.startswith("/"):
        return Path(stated) / "bench"
    return Path(home) / ".local/state/bench" if home.startswith("/") else None


def require_writable(path: Path, *, replace: bool) -> None:
    """Make sure that a file can be written, as far as can be known beforehand; writes nothing.

    Commands call it before work that an error afterwards would lose.

    Args:
        path: Where to write.
        replace: Whether to replace a file of that name.

    Raises:
        OutputError: it cannot be written, exists, or is something else than a file.
    """
    try:
        exists = _exists(path)
        if exists and not replace:
            raise OutputError(f"{path}: exists already; move it or choose another name")
        if exists and not path.is_file():
            raise OutputError(f"{path}: not a regular file; name a file, or a new name in a folder")
        if not path.parent.is_dir():
            raise OutputError(f"{path}: there is no folder {path.parent}; make it, or choose another one")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise OutputError(f"{path}: nothing can be written to folder {path.parent}; choose another one")
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}; choose another name") from error


def _exists(path: Path) -> bool:
    """Return whether something has this name, also a link to nothing; raise OSError if nothing could have it."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def require_folder(folder: Path) -> None:
    """Make a folder if there is none, and make sure that files can be written to it.

    Raises:
        OutputError: it cannot be made, or nothing can be written to it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; choose another folder with --output") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: nothing can be written to it; choose another folder with --output")


def write_file(path: Path, data: bytes, *, replace: bool) -> None:
    """Write a file atomically: a reader finds nothing, the old file, or the whole new one.

    The bytes are written to `.<name>.tmp-<random>` beside it and synced; the file is renamed last. A writer that is
    killed leaves such a temporary file, which can be deleted.

    Args:
        path: Where to write; the folder must exist.
        data: The whole file.
        replace: Whether to replace a file of that name.

    Raises:
        OutputError: the file cannot be written, or exists.
    """
    require_writable(path, replace=replace)
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
    """Write a file that must not exist yet, with these permissions from the start.

    Raises:
        OutputError: it exists, or cannot be written.
    """
    try:
        _write_through(path, data, mode=mode)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}; choose a new name in a writable folder") from error


def _write_through(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Create a file, write it, and sync it to disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no Path
        file.write(data)
        file.flush()
        sync(descriptor)


def _sync_folder(folder: Path) -> None:
    """Sync a folder's entries to disk: fsync(2) of a file does not sync its name."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)
