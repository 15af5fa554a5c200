"""Calls of the Linux kernel that Python's standard library lacks."""

import ctypes
import errno
import platform
from collections.abc import Mapping
from types import MappingProxyType

_NUMBERS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "x86_64": {"set_mempolicy": 238, "get_mempolicy": 239, "sched_getattr": 315},
        "aarch64": {"set_mempolicy": 237, "get_mempolicy": 236, "sched_getattr": 275},
    }
)
"""Linux arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h."""


def call_kernel(name: str, *arguments: object) -> int:
    """Make a system call and return its error number, 0 for none."""
    numbers = _NUMBERS.get(platform.machine())
    if numbers is None:
        return errno.ENOSYS
    libc = ctypes.CDLL(None, use_errno=True)
    return 0 if libc.syscall(numbers[name], *arguments) >= 0 else ctypes.get_errno()


def prctl(option: int, *arguments: int) -> int | None:
    """Return the kernel's answer to an option of prctl; None if it refuses or does not know the option.

    Arguments that an option does not use are 0, as the kernel insists.
    """
    values = (ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4])
    result = int(ctypes.CDLL(None, use_errno=True).prctl(option, *values))
    return None if result < 0 else result
