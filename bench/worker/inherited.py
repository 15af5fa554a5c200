"""State that a worker inherits: set to the kernel's defaults where that is allowed, then read back and recorded.

A shell under `nice`, `chrt`, `taskset`, `prlimit` or `setarch`, a service manager and a container engine all leave marks
on their children. A number that they affected, without a record of it, cannot be compared.

Sources: sched(7), prctl(2), proc_pid_status(5), getrlimit(2), personality(2); Linux
`Documentation/admin-guide/cgroup-v2.rst` and `Documentation/userspace-api/spec_ctrl.rst`.
"""

import ctypes
import os
import re
import resource
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from bench.hardware.cgroup import Cgroups
from bench.hardware.tree import Tree
from bench.launch.kernel import call_kernel, prctl
from bench.records.inherited import Inherited, LimitName, SchedulingPolicy

_SET_TIMER_SLACK, _GET_TIMER_SLACK = 29, 30
_SET_HUGE_PAGES_DISABLED, _GET_HUGE_PAGES_DISABLED = 41, 42
_SET_MEMORY_MERGE, _GET_MEMORY_MERGE = 67, 68
_GET_SVE_VECTOR_LENGTH = 51
_GET_SPECULATION, _L1D_FLUSH = 52, 2
_CORE_SCHEDULING, _GET_COOKIE = 62, 0
"""Linux include/uapi/linux/prctl.h."""

TIMER_SLACK_NS = 50_000
"""The kernel's default (init/init_task.c). `0` would mean the default of this process, which is inherited too."""

_POLICIES: dict[int, SchedulingPolicy] = {
    0: "other",
    1: "fifo",
    2: "rr",
    3: "batch",
    5: "idle",
    6: "deadline",
    7: "ext",
}
"""Linux include/uapi/linux/sched.h."""

_ATTRIBUTES = struct.Struct("=IIQiIQQQII")
"""`struct sched_attr` of Linux 5.3: size, policy, flags, nice, priority, runtime, deadline, period, clamps."""

_LIMITS: dict[LimitName, int] = {
    "as": resource.RLIMIT_AS,
    "core": resource.RLIMIT_CORE,
    "data": resource.RLIMIT_DATA,
    "memlock": resource.RLIMIT_MEMLOCK,
    "nofile": resource.RLIMIT_NOFILE,
    "nproc": resource.RLIMIT_NPROC,
    "stack": resource.RLIMIT_STACK,
}


def reset_inherited() -> None:
    """Set what a worker inherited to the kernel's defaults, as far as its privileges go.

    To be called before threads are started: they inherit from the one that starts them. `read_inherited`
    shows what could not be set. Limits stay: a lower limit may be intended, and raising one takes privileges.
    """
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 0)
    prctl(_SET_TIMER_SLACK, TIMER_SLACK_NS)
    prctl(_SET_HUGE_PAGES_DISABLED, 0)
    prctl(_SET_MEMORY_MERGE, 0)


def read_inherited(root: Path = Path("/")) -> Inherited:
    """Read what this process inherited and has now.

    Args:
        root: Where /proc and /sys are. Kernel calls answer for this process whatever the root.
    """
    tree = Tree(root)
    cgroups = Cgroups(tree)
    status = tree.text("proc/self/status") or ""
    policy, nice, priority, slice_ns, util_min, util_max = _read_scheduling()
    weight = "cpu.shares" if cgroups.version == 1 else "cpu.weight"
    idle = _read_numbers(tree, cgroups, "cpu", "cpu.idle")
    vector = prctl(_GET_SVE_VECTOR_LENGTH)
    return Inherited(
        scheduling_policy=policy,
        scheduling_priority=priority,
        nice=nice,
        autogroup_nice=parse_autogroup(tree.text("proc/self/autogroup") or ""),
        slice_ns=slice_ns,
        util_min=util_min,
        util_max=util_max,
        cpu_weights=_read_numbers(tree, cgroups, "cpu", weight) or None,
        cpu_idle=any(idle) if idle else None,
        group_util_min=_read_clamp(tree, cgroups, "cpu.uclamp.min"),
        group_util_max=_read_clamp(tree, cgroups, "cpu.uclamp.max"),
        memory_high_bytes=min(_read_numbers(tree, cgroups, "memory", "memory.high"), default=None),
        timer_slack_ns=prctl(_GET_TIMER_SLACK),
        personality=parse_personality(tree.text("proc/self/personality") or ""),
        huge_pages_disabled=_truth(prctl(_GET_HUGE_PAGES_DISABLED)),
        memory_merged=_truth(prctl(_GET_MEMORY_MERGE)),
        core_scheduling=_read_core_scheduling(),
        oom_score_adj=tree.integer("proc/self/oom_score_adj"),
        seccomp_mode=_find_number(status, "Seccomp"),
        seccomp_filters=_find_number(status, "Seccomp_filters"),
        store_bypass=_find_words(status, "Speculation_Store_Bypass"),
        indirect_branch=_find_words(status, "SpeculationIndirectBranch"),
        l1d_flush=prctl(_GET_SPECULATION, _L1D_FLUSH),
        sve_vector_bytes=None if vector is None else vector & 0xFFFF,
        limits={
            name: soft
            for name, number in _LIMITS.items()
            if (soft := resource.getrlimit(number)[0]) != resource.RLIM_INFINITY
        },
    )


def parse_autogroup(text: str) -> int | None:
    """Return the niceness in `/proc/self/autogroup`: `/autogroup-175 nice 0`."""
    match = re.fullmatch(r"/autogroup-\d+ nice (-?\d{1,2})\s*", text, re.ASCII)
    return None if match is None else int(match[1])


def parse_personality(text: str) -> int | None:
    """Return the bits in `/proc/self/personality`: `00040000`."""
    match = re.fullmatch(r"([0-9a-f]{8})\s*", text, re.ASCII)
    return None if match is None else int(match[1], 16)


def _read_scheduling() -> tuple[SchedulingPolicy | None, int | None, int | None, int | None, int | None, int | None]:
    """Return policy, niceness, priority, slice and both clamps of this process."""
    buffer = ctypes.create_string_buffer(_ATTRIBUTES.size)
    if call_kernel("sched_getattr", 0, buffer, _ATTRIBUTES.size, 0):
        return None, None, None, None, None, None
    size, policy, _, nice, priority, runtime_ns, _, _, util_min, util_max = _ATTRIBUTES.unpack(buffer.raw)
    clamped = size >= _ATTRIBUTES.size and util_max > 0  # both are 0 in a kernel without clamps
    return (
        _POLICIES.get(policy),
        nice,
        priority,
        runtime_ns or None,  # reported since Linux 6.12
        util_min if clamped else None,
        util_max if clamped else None,
    )


def _read_core_scheduling() -> bool | None:
    cookie = ctypes.c_uint64()
    address = ctypes.addressof(cookie)
    return None if prctl(_CORE_SCHEDULING, _GET_COOKIE, 0, 0, address) is None else cookie.value != 0


def _read_numbers(tree: Tree, cgroups: Cgroups, controller: str, name: str) -> tuple[int, ...]:
    """Return a file's number in each of the process's groups, its own first; those without one are left out."""
    lines = (tree.line(f"{base}/{name}") for base in cgroups.directories(controller)[1])
    return tuple(int(line) for line in lines if line is not None and re.fullmatch(r"\d{1,18}", line, re.ASCII))


def _read_clamp(tree: Tree, cgroups: Cgroups, name: str) -> float | None:
    """Return the tightest clamp of the process's groups, in percent; a group's children cannot go beyond it."""
    lines = (tree.line(f"{base}/{name}") for base in cgroups.directories("cpu")[1])
    return min(_parse_percents(line for line in lines if line is not None), default=None)


def _parse_percents(lines: Iterable[str]) -> list[float]:
    words = ("100" if line == "max" else line for line in lines)
    return [min(100.0, float(word)) for word in words if re.fullmatch(r"\d{1,3}(\.\d{1,2})?", word, re.ASCII)]


def _find_words(status: str, field: str) -> str | None:
    match = re.search(rf"^{field}:[ \t]*(\S[^\n]{{0,199}})$", status, re.MULTILINE)
    return None if match is None else match[1].strip()


def _find_number(status: str, field: str) -> int | None:
    words = _find_words(status, field)
    return int(words) if words is not None and re.fullmatch(r"\d{1,9}", words, re.ASCII) else None


def _truth(value: int | None) -> bool | None:
    return None if value is None else value != 0
