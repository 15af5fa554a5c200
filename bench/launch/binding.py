"""Hold this process to CPUs and memory nodes, and read back what the kernel made of it.

CPUs are set by affinity before torch is loaded, so that every thread inherits them. Memory is set by
`set_mempolicy` where that is allowed; Docker's seccomp filter denies it without CAP_SYS_NICE, and then
memory is held by the cpuset and by first touch. Which of the two holds is found by trying.
"""

import ctypes
import errno
import os
import platform
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.launch.failure import fail
from bench.launch.libraries import read_libraries
from bench.records.cpulist import format_cpulist, parse_cpulist
from bench.records.measurement import Effective
from bench.records.profile import Binding
from bench.records.reason import Reason

_SYSCALLS = {
    "x86_64": {"set_mempolicy": 238, "get_mempolicy": 239},
    "aarch64": {"set_mempolicy": 237, "get_mempolicy": 236},
}
"""Linux arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h."""

_MPOL_BIND = 2
_POLICIES = {
    0: "default",
    1: "preferred",
    2: "bind",
    3: "interleave",
    4: "local",
    5: "preferred_many",
    6: "weighted_interleave",
}
_MAX_NODES = 1024
_DENIED = {errno.EPERM, errno.ENOSYS, errno.EACCES}


def bind_process(binding: Binding) -> str:
    """Hold this process, and all threads it will start, to a binding.

    Returns:
        How memory is held: `mempolicy` or `cpuset`.

    Raises:
        WorkerFailedError: the kernel refuses the CPUs or the nodes; says which are allowed.
    """
    wanted = parse_cpulist(binding.cpus)
    try:
        os.sched_setaffinity(0, wanted)
    except OSError as error:
        allowed = format_cpulist(os.sched_getaffinity(0))
        values = {"planned": binding.cpus, "allowed": allowed, "error": str(error.strerror)}
        raise fail(Reason(code="cpus_refused", values=values)) from error
    nodes = parse_cpulist(binding.memory_nodes)
    if not nodes:
        return "cpuset"
    mask = (ctypes.c_ulong * (_MAX_NODES // 64))()
    for node in nodes:
        mask[node // 64] |= 1 << node % 64
    failed = _syscall("set_mempolicy", _MPOL_BIND, mask, _MAX_NODES + 1)
    if failed == 0:
        return "mempolicy"
    if failed in _DENIED:
        return "cpuset"
    values = {"planned": binding.memory_nodes, "error": os.strerror(failed)}
    raise fail(Reason(code="memory_nodes_refused", values=values))


def restore_main_thread_affinity(binding: Binding) -> None:
    """Give the main thread all CPUs of its binding again.

    An OpenMP runtime that was told to place threads (OMP_PROC_BIND, GOMP_CPU_AFFINITY, KMP_AFFINITY) narrows the
    thread that loads it, or that computes first, to one CPU; every thread started from it later inherits that.
    To be called after both.
    """
    os.sched_setaffinity(0, parse_cpulist(binding.cpus))


def read_effective(
    memory_binding: str, threads: int, root: Path = Path("/"), *, variables: Iterable[str] = ()
) -> Effective:
    """Read what the kernel holds this process to, over all its threads.

    Args:
        memory_binding: What `bind_process` returned.
        threads: Intra-op threads as torch reports them.
        root: Where /proc is.
        variables: Names of those to read from this process's environment.
    """
    statuses = [_read(path) for path in (root / "proc/self/task").glob("*/status")]
    cpus = frozenset[int]().union(*(_listed(status, "Cpus_allowed_list") for status in statuses))
    nodes = frozenset[int]().union(*(_listed(status, "Mems_allowed_list") for status in statuses))
    return Effective(
        cpus=format_cpulist(cpus),
        main_cpus=format_cpulist(_listed(_read(root / "proc/self/status"), "Cpus_allowed_list")),
        memory_nodes=format_cpulist(nodes),
        memory_policy=_memory_policy(),
        memory_binding="mempolicy" if memory_binding == "mempolicy" else "cpuset",
        node_pages=count_node_pages(_read(root / "proc/self/numa_maps")),
        threads=threads,
        libraries=read_libraries(root),
        variables={name: os.environ.get(name) for name in variables},
    )


def count_node_pages(numa_maps: str) -> dict[str, int] | None:
    """Pages of a process by node, from the text of numa_maps; None if it is empty (kernel without NUMA)."""
    if not numa_maps.strip():
        return None
    pages: dict[str, int] = {}
    for node, count in re.findall(r" N([0-9]{1,4})=([0-9]{1,15})(?= |$)", numa_maps, re.MULTILINE | re.ASCII):
        pages[node] = pages.get(node, 0) + int(count)
    return pages


def find_binding_problem(binding: Binding, effective: Effective) -> Reason | None:
    """Compare what the kernel holds a worker to with the plan; return the first difference, None if there is none."""
    cpus, nodes = binding.cpus, binding.memory_nodes
    if effective.cpus != cpus:
        return _differ("cpus_differ", cpus, effective.cpus)
    if effective.main_cpus != cpus:
        return _differ("main_thread_narrowed", cpus, effective.main_cpus)
    if effective.threads != binding.threads:
        return _differ("threads_differ", str(binding.threads), str(effective.threads))
    if effective.memory_binding == "mempolicy" and effective.memory_policy != "bind":
        return _differ("memory_policy_differs", nodes, effective.memory_policy)
    if not parse_cpulist(nodes) <= parse_cpulist(effective.memory_nodes):
        return _differ("memory_nodes_differ", nodes, effective.memory_nodes)
    return None


def find_variable_problem(planned: Mapping[str, str | None], effective: Effective) -> Reason | None:
    """Compare the variables that a worker has with the plan; return the first difference, None if there is none."""
    for name, value in planned.items():
        found = effective.variables.get(name)
        if found == value:
            continue
        if found is None:
            return Reason(code="variable_missing", values={"variable": name, "planned": str(value)})
        if value is None:
            return Reason(code="variable_not_planned", values={"variable": name, "found": found})
        return Reason(code="variable_differs", values={"variable": name, "planned": value, "found": found})
    return None


def _differ(code: str, planned: str, found: str) -> Reason:
    return Reason(code=code, values={"planned": planned, "found": found})


def _memory_policy() -> str:
    mode = ctypes.c_int()
    failed = _syscall("get_mempolicy", ctypes.byref(mode), None, 0, None, 0)
    return "denied" if failed else _POLICIES.get(mode.value & 0xFF, f"mode {mode.value}")


def _syscall(name: str, *arguments: object) -> int:
    """The error number of a system call, 0 for none."""
    numbers = _SYSCALLS.get(platform.machine())
    if numbers is None:
        return errno.ENOSYS
    libc = ctypes.CDLL(None, use_errno=True)
    return 0 if libc.syscall(numbers[name], *arguments) >= 0 else ctypes.get_errno()


def _listed(status: str, field: str) -> frozenset[int]:
    match = re.search(rf"^{field}:\s*([0-9,-]+)$", status, re.MULTILINE)
    return frozenset() if match is None else parse_cpulist(match[1])


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
