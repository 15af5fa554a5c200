"""A limit on the memory of this process while it runs code of the user."""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.hardware.memory_limits import read_memory_limits
from bench.hardware.tree import Tree


@contextmanager
def memory_limited() -> Iterator[None]:
    """Let this process take no more memory than is free now; what is beyond fails in it, as an allocation.

    Without a limit the kernel grants more than there is, and kills some process once it is used. The limit, RLIMIT_DATA,
    counts private memory as it is granted (getrlimit(2)). It is put back afterwards: it is none of what a cell is
    measured under.
    """
    tree = Tree(Path("/"))
    granted = re.search(r"^VmData:\s+([0-9]{1,15}) kB$", tree.text("proc/self/status") or "", re.MULTILINE | re.ASCII)
    free_bytes = min((limit.value_bytes for limit in read_memory_limits(tree)), default=None)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    if granted is None or free_bytes is None:
        yield
        return
    wanted = (int(granted[1]) << 10) + free_bytes
    if all(limit == resource.RLIM_INFINITY or wanted < limit for limit in before):
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
