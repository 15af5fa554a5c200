"""Little memory, for runs of seconds: a probe's arrays follow a limit of memory.

Four times the caches of a large CPU are some gigabytes, new each time, and take most of such a run. `make run` probes with
all memory.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

MEMORY_BYTES = 4 << 30


class Group(NamedTuple):
    """A control group, and the names of its files (Linux admin-guide/cgroup-v1/memory.rst and cgroup-v2.rst)."""

    folder: Path
    limit: str


def find_own_group() -> Group | None:
    """Return the group that limits this process's memory."""
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            return Group(Path(f"/sys/fs/cgroup/memory{path}"), "memory.limit_in_bytes")
        unified = Path(f"/sys/fs/cgroup{path}")
        if not controllers and (unified / "cgroup.subtree_control").exists():
            return Group(unified, "memory.max")
    return None


@contextmanager
def little_memory() -> Iterator[None]:
    """Limit the memory of this process and of those that it starts, where this user may; elsewhere runs take longer."""
    own = find_own_group()
    if own is None:
        yield
        return
    group = own.folder / f"bench-tests-{os.getpid()}"
    with suppress(OSError):
        group.mkdir(exist_ok=True)
        (group / own.limit).write_text(str(MEMORY_BYTES), encoding="ascii")
        (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
    try:
        yield
    finally:
        with suppress(OSError):
            (own.folder / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
            group.rmdir()
