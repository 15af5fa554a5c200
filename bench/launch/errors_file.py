"""What a worker prints: kept in memory, up to a limit, and never on a disk that it could fill."""

import fcntl
import os
from typing import Final

MAX_PRINTED_BYTES: Final = 16 << 20
"""Of one worker while it does one task. Compilers that report at length print some megabytes."""

_LONGEST_WRITE = 1 << 20
"""A write that would pass the end is refused as a whole: so the end is reached at this many bytes before it."""

_F_ADD_SEALS, _F_SEAL_GROW, _F_SEAL_SHRINK = 1033, 0x4, 0x2
"""Linux include/uapi/linux/fcntl.h; Python names them only where it was built with a libc that does."""


class ErrorsFile:
    """A file in memory of a fixed size; its pages are taken as they are written. A write beyond its end fails (EPERM).

    The parent and all processes of a worker share one position, that of the next byte.
    """

    def __init__(self) -> None:
        self.descriptor = os.memfd_create("stderr", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.descriptor, MAX_PRINTED_BYTES)
        fcntl.fcntl(self.descriptor, _F_ADD_SEALS, _F_SEAL_GROW | _F_SEAL_SHRINK)

    @property
    def is_full(self) -> bool:
        """Whether a worker printed as much as it may."""
        return self._written() >= MAX_PRINTED_BYTES - _LONGEST_WRITE

    def clear(self) -> None:
        """Start again at the beginning."""
        os.lseek(self.descriptor, 0, os.SEEK_SET)

    def last_lines(self, count: int) -> tuple[str, ...]:
        """Return the last lines that were printed, from the last 64 KiB."""
        end = self._written()
        start = max(0, end - (1 << 16))
        return tuple(os.pread(self.descriptor, end - start, start).decode(errors="replace").splitlines()[-count:])

    def close(self) -> None:
        """Free its memory, once no process has it open."""
        os.close(self.descriptor)

    def _written(self) -> int:
        return os.lseek(self.descriptor, 0, os.SEEK_CUR)
