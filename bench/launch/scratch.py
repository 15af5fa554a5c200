"""Whether code in the files of a folder can be executed: compilers' programs are loaded from there."""

import mmap
import os
import tempfile
from pathlib import Path


def find_execution_problem(folder: Path) -> str | None:
    """Return why code in files of a folder cannot be executed; None if it can, or if no file can be written there.

    A page is mapped as the dynamic linker maps a library. So a mount that is `noexec` is found, and a security module's
    rule too.

    Args:
        folder: It need not exist yet: it would be on the file system of the nearest folder above it that does.
    """
    absolute = folder.absolute()
    existing = next((path for path in (absolute, *absolute.parents) if path.is_dir()), Path("/"))
    try:
        file = tempfile.TemporaryFile(dir=existing)  # noqa: SIM115 - closed below
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
