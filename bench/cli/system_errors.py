"""What the system refuses, in one line: a limit, a file system or a device is no bug in bench."""

import errno
import os
from collections.abc import Mapping
from types import MappingProxyType

_WAYS_OUT: Mapping[int, str] = MappingProxyType(
    {
        errno.EMFILE: "raise the limit (ulimit -n 1024)",
        errno.ENFILE: "end other programs, or raise fs.file-max",
        errno.EAGAIN: "raise the limit on processes and threads (ulimit -u, pids.max)",
        errno.ENOMEM: "give it more memory (ulimit -v, memory.max)",
        errno.ENOSPC: "make room",
        errno.EDQUOT: "make room, or raise the quota",
        errno.EFBIG: "raise the limit (ulimit -f)",
        errno.EROFS: "mount it writable, or choose another place",
        errno.EACCES: "change its permissions, or choose another place",
        errno.EPERM: "change its permissions, or choose another place",
        errno.EXDEV: "choose another place",
        errno.ENAMETOOLONG: "choose a shorter name",
        errno.ENOLCK: "choose a place on another file system",
        errno.EIO: "look into the kernel's log (dmesg)",
        errno.ESTALE: "mount it again",
    }
)
"""Errno → what to do."""

_NO_THREAD = "can't start new thread"
"""What CPython's RuntimeError says of a thread that the kernel refused."""


def explain_system_error(error: Exception) -> str | None:
    """Return what the system refused, and what to do; None if the error is not the system's."""
    match error:
        case OSError(errno=int(number)):
            files = [
                os.fsdecode(name) if isinstance(name, str | bytes) else str(name)
                for name in (error.filename, error.filename2)
                if name is not None
            ]
            what = ": ".join([*files, error.strerror or errno.errorcode.get(number, str(number))])
            way_out = _WAYS_OUT.get(number)
            return what if way_out is None else f"{what}; {way_out}"
        case OSError():
            return str(error)
        case MemoryError():
            return f"out of memory; {_WAYS_OUT[errno.ENOMEM]}"
        case RuntimeError() if _NO_THREAD in str(error):
            return f"no thread can be started; {_WAYS_OUT[errno.EAGAIN]}"
    return None
