"""Read what the kernel refused or killed, and the limits on processes and threads.

Sources: Linux `Documentation/admin-guide/cgroup-v2.rst` (memory.events, pids.events) and `cgroup-v1/` (memory.rst,
pids.rst); getrlimit(2), proc_pid_limits(5).
"""

import re
from collections.abc import Iterator

from bench.hardware.cgroup import Cgroups
from bench.hardware.tree import Tree
from bench.records.kernel_events import KernelEvents, TaskLimit


def read_kernel_events(tree: Tree) -> KernelEvents:
    """Read them for this process and its control groups."""
    cgroups = Cgroups(tree)
    return KernelEvents(
        host_oom_kills=_find_count(tree.text("proc/vmstat"), "oom_kill"),
        group_oom_kills=_read_oom_kills(tree, cgroups),
        memory_limit_bytes=cgroups.read_memory_limit(),
        refused_tasks=_read_refused_tasks(tree, cgroups),
        task_limits=read_task_limits(tree, cgroups),
    )


def read_task_limits(tree: Tree, cgroups: Cgroups) -> tuple[TaskLimit, ...]:
    """Return the limits on processes and threads that apply to this process, the tightest first."""
    return tuple(sorted(_list_task_limits(tree, cgroups), key=lambda limit: limit.value))


def _list_task_limits(tree: Tree, cgroups: Cgroups) -> Iterator[TaskLimit]:
    for base in cgroups.directories("pids")[1]:
        line = tree.line(f"{base}/pids.max")
        if line is not None and re.fullmatch(r"[0-9]{1,9}", line, re.ASCII):
            yield TaskLimit(name="pids.max", value=int(line))
    # The kernel does not hold root to it (kernel/fork.c).
    status, limits = tree.text("proc/self/status") or "", tree.text("proc/self/limits") or ""
    match = re.search(r"^Max processes +([0-9]{1,9}) ", limits, re.MULTILINE | re.ASCII)
    if match is not None and not re.search(r"^Uid:\t0\t", status, re.MULTILINE):
        yield TaskLimit(name="RLIMIT_NPROC", value=int(match[1]))
    most = tree.integer("proc/sys/kernel/threads-max")
    if most is not None and most >= 0:
        yield TaskLimit(name="kernel.threads-max", value=most)


def _read_oom_kills(tree: Tree, cgroups: Cgroups) -> int | None:
    """Return the kills in the process's own group: those above it count the kills of others, too."""
    version, directories = cgroups.directories("memory")
    name = "memory.events" if version == 2 else "memory.oom_control"
    return _find_count(tree.text(f"{directories[0]}/{name}"), "oom_kill") if directories else None


def _read_refused_tasks(tree: Tree, cgroups: Cgroups) -> int | None:
    """Return the refusals of all visible groups: kernels differ in whether the one with the limit counts them."""
    counts = [_find_count(tree.text(f"{base}/pids.events"), "max") for base in cgroups.directories("pids")[1]]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _find_count(text: str | None, field: str) -> int | None:
    match = re.search(rf"^{field} ([0-9]{{1,18}})$", text or "", re.MULTILINE | re.ASCII)
    return None if match is None else int(match[1])
