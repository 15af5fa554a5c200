"""Pages of libraries' files: resident in a process that loaded them, and not in a child forked from it.

Linux does not copy their page-table entries when a process forks (`vma_needs_copy` in mm/memory.c), as they can be
faulted in again. Without them a child has some 300 MiB less resident than a process that loaded for itself, and takes
the page faults while it works.
"""

import ctypes
import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.launch.failure import fail
from bench.records.reason import Reason

_SELF = Path("/proc/self")

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_PRESENT = 63
"""The bit of a page's entry in /proc/self/pagemap (Linux Documentation/admin-guide/mm/pagemap.rst)."""

_MADV_POPULATE_READ = 22
"""Linux include/uapi/asm-generic/mman-common.h, since 5.14."""


class Run(NamedTuple):
    """Adjacent pages: start address and length in bytes."""

    address: int
    length: int


def find_file_pages() -> tuple[Run, ...]:
    """Return the pages of files that this process has mapped and resident.

    Raises:
        WorkerFailedError: the kernel does not show them.
    """
    runs: list[Run] = []
    try:
        with (_SELF / "maps").open(encoding="utf-8") as maps, (_SELF / "pagemap").open("rb", buffering=0) as pages:
            for line in maps:
                span, permissions, _, _, inode = line.split()[:5]
                if inode != "0" and permissions.startswith("r"):
                    start, end = (int(address, 16) for address in span.split("-"))
                    pages.seek(start // PAGE_BYTES * 8)
                    runs += _find_runs(start, pages.read((end - start) // PAGE_BYTES * 8))
    except OSError as error:
        values = {"file": str(error.filename), "error": str(error.strerror)}
        raise fail(Reason(code="pages_unreadable", values=values)) from error
    return tuple(runs)


def map_in(runs: Iterable[Run]) -> None:
    """Fault these pages into this process, so that they are resident as in its parent."""
    populate = ctypes.CDLL(None, use_errno=True).madvise
    populate.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for address, length in runs:
        if populate(address, length, _MADV_POPULATE_READ) and ctypes.get_errno() == errno.EINVAL:
            for page in range(address, address + length, PAGE_BYTES):
                ctypes.string_at(page, 1)  # an older kernel


def _find_runs(start: int, entries: bytes) -> Iterable[Run]:
    present = np.frombuffer(entries, dtype=np.uint64) >> np.uint64(_PRESENT)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], present.astype(np.int8), [0]))))
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield Run(start + first * PAGE_BYTES, (end - first) * PAGE_BYTES)
