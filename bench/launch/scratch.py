"""Folders for what is written in passing, and whether code in their files can be executed."""

import mmap
import os
import tempfile
from pathlib import Path


def make_scratch(output: Path) -> "tempfile.TemporaryDirectory[str]":
    """Return a new folder that goes when it is left: where temporary files belong, or else beside the results.

    A container with a read-only root has no folder for temporary files.

    Args:
        output: The folder for results; it need not exist yet.

    Raises:
        OSError: neither can be written.
    """
    try:
        return tempfile.TemporaryDirectory(prefix="bench-")
    except FileNotFoundError:
        return tempfile.TemporaryDirectory(prefix=".bench-", dir=_find_existing(output))


def find_execution_problem(folder: Path) -> str | None:
    """Return why code in files of a folder cannot be executed; None if it can, or if no file can be written there.

    A page is mapped as the dynamic linker maps a library. So a mount that is `noexec` is found, and a security module's
    rule too.

    Args:
        folder: It need not exist yet: it would be on the file system of the nearest folder above it that does.
    """
    try:
        file = tempfile.TemporaryFile(dir=_find_existing(folder))  # noqa: SIM115 - closed below
    except OSError:
        return None  # whoever writes there reports it
    with file:
        try:
            file.write(bytes(mmap.PAGESIZE))
            file.flush()
            mmap.mmap(
                file.fileno(), mmap.PAGESIZE, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC
            ).close()
        except OSError as error:
            return error.strerror or os.strerror(error.errno or 0)
    return None


def _find_existing(folder: Path) -> Path:
    """Return the nearest folder, this one or above it, that exists."""
    absolute = folder.absolute()
    return next((path for path in (absolute, *absolute.parents) if path.is_dir()), Path("/"))
