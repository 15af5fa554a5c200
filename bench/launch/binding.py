"""Bind this process to CPUs and memory nodes, and read back what the kernel made of it.

CPUs are set by affinity before torch is loaded, so that every thread inherits them. Memory is bound by `set_mempolicy`
where that is allowed. Docker's seccomp filter denies it without CAP_SYS_NICE: memory then follows the cpuset and first
touch. Trying shows which of the two it is.
"""

import ctypes
import errno
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from bench.launch.failure import fail
from bench.launch.kernel import call_kernel
from bench.launch.libraries import read_libraries
from bench.records.cpulist import format_cpulist, parse_cpulist
from bench.records.effective import Effective
from bench.records.inherited import Inherited
from bench.records.profile import Binding
from bench.records.reason import Reason

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
    """Bind this process, and all threads that it starts later.

    Returns:
        How memory is bound: `mempolicy` or `cpuset`.

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
    problem = find_lost_cpus(binding)
    if problem is not None:
        raise fail(problem)
    nodes = parse_cpulist(binding.memory_nodes)
    if not nodes:
        return "cpuset"
    mask = (ctypes.c_ulong * (_MAX_NODES // 64))()
    for node in nodes:
        mask[node // 64] |= 1 << node % 64
    failed = call_kernel("set_mempolicy", _MPOL_BIND, mask, _MAX_NODES + 1)
    if failed == 0:
        return "mempolicy"
    if failed in _DENIED:
        return "cpuset"
    values = {"planned": binding.memory_nodes, "error": os.strerror(failed)}
    raise fail(Reason(code="memory_nodes_refused", values=values))


def restore_main_thread_affinity(binding: Binding) -> None:
    """Give the main thread all CPUs of its binding again. Call it after libraries are loaded, and after the first call.

    An OpenMP runtime that was told to place threads (OMP_PROC_BIND, GOMP_CPU_AFFINITY, KMP_AFFINITY) narrows the
    thread that loads it, or that computes first, to one CPU. Every thread that is started from it inherits that.
    """
    os.sched_setaffinity(0, parse_cpulist(binding.cpus))


def find_lost_cpus(
    binding: Binding, running: Callable[[], set[int]] = lambda: os.sched_getaffinity(0)
) -> Reason | None:
    """Return which CPUs of a binding cannot be run on: they were switched off, or a cpuset lost them; None if all can.

    The kernel takes a mask in which some CPUs are offline, and /proc goes on to list them. sched_getaffinity(2) does not.

    Args:
        binding: Of this process.
        running: Returns the CPUs that this thread may run on now.
    """
    lost = parse_cpulist(binding.cpus) - running()
    if not lost:
        return None
    return Reason(code="cpus_lost", values={"planned": binding.cpus, "lost": format_cpulist(lost)})


def read_effective(
    memory_binding: str,
    threads: int,
    root: Path = Path("/"),
    *,
    variables: Iterable[str] = (),
    inherited: Inherited | None = None,
    flush_denormals: bool | None = None,
) -> Effective:
    """Read back what this process is bound to, over all its threads.

    Args:
        memory_binding: What `bind_process` returned.
        threads: Intra-op threads as torch reports them.
        root: Where /proc is.
        variables: Names of environment variables to read.
        inherited: Passed through.
        flush_denormals: Passed through; only computing shows it.
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
        inherited=inherited,
        flush_denormals=flush_denormals,
    )


def count_node_pages(numa_maps: str) -> dict[str, int] | None:
    """Count a process's pages by node, from the text of numa_maps; None if it is empty (kernel without NUMA)."""
    if not numa_maps.strip():
        return None
    pages: dict[str, int] = {}
    for node, count in re.findall(r" N([0-9]{1,4})=([0-9]{1,15})(?= |$)", numa_maps, re.MULTILINE | re.ASCII):
        pages[node] = pages.get(node, 0) + int(count)
    return pages


def find_binding_problem(binding: Binding, effective: Effective) -> Reason | None:
    """Compare a worker's binding, as the kernel reports it, with the plan; return the first difference, None if there is none."""
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


def find_denormal_problem(effective: Effective) -> Reason | None:
    """Return what is wrong with denormal numbers; None if they are kept, as the plan has it for every cell."""
    return Reason(code="denormals_flushed") if effective.flush_denormals else None


def _memory_policy() -> str:
    mode = ctypes.c_int()
    failed = call_kernel("get_mempolicy", ctypes.byref(mode), None, 0, None, 0)
    return "denied" if failed else _POLICIES.get(mode.value & 0xFF, f"mode {mode.value}")


def _listed(status: str, field: str) -> frozenset[int]:
    match = re.search(rf"^{field}:\s*([0-9,-]+)$", status, re.MULTILINE)
    return frozenset() if match is None else parse_cpulist(match[1])


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
