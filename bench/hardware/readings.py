"""State of the host and of this process that a diagnosis looks at and a run does not rest on.

Sources: proc_loadavg(5), proc_meminfo(5), proc_pid_limits(5), proc_pid_timerslack_ns(5), proc_pid_personality(5); Linux
`Documentation/admin-guide/sysctl/kernel.rst` (`perf_event_paranoid`).
"""

import re
from typing import Final

from bench.hardware.cgroup import Cgroups
from bench.hardware.tree import Tree
from bench.records.machine import Count
from bench.records.record import Record

_LOAD: Final = re.compile(r"([0-9]{1,9}\.[0-9]{2}) .*", re.ASCII)
_PERSONALITY: Final = re.compile(r"[0-9a-f]{8}", re.ASCII)
_LIMITS: Final = "proc/self/limits"
_COUNTERS: Final = "sys/bus/event_source/devices"
_CPU_COUNTERS: Final = re.compile(r"cpu|cpu_core|armv[789]_.*", re.ASCII)
"""Names of the CPU's own counters: x86, x86 hybrid parts, and Arm."""


class ProcessLimits(Record, frozen=True, kw_only=True):
    """What this process may use. None: unlimited, or not shown.

    Attributes:
        threads: Processes and threads: the tightest of the user's limit (RLIMIT_NPROC) and the control groups' (pids.max).
        open_files: Soft limit (RLIMIT_NOFILE).
        address_space_bytes: Soft limit (RLIMIT_AS).
    """

    threads: Count | None = None
    open_files: Count | None = None
    address_space_bytes: Count | None = None


class Readings(Record, frozen=True, kw_only=True):
    """What the kernel shows now. None: it does not show it.

    Attributes:
        clocksource: In use for all clocks.
        timer_slack_ns: Of this process: how late a sleep may end.
        personality: Bits of personality(2) of this process.
        cpu_counters: The CPU's performance counters can be seen.
        perf_event_paranoid: Who may use them: beyond 2, in some distributions, nobody without privileges.
        load_1min: Runnable and waiting threads of the whole host, mean of a minute.
        available_memory_bytes: Of the host, without swapping.
        swap_bytes, used_swap_bytes: Of the host.
        limits_shown: The kernel shows this process's limits. If so, None means unlimited in `limits`.
        limits: Of this process.
    """

    clocksource: str | None
    timer_slack_ns: Count | None
    personality: Count | None
    cpu_counters: bool | None
    perf_event_paranoid: int | None
    load_1min: float | None
    available_memory_bytes: Count | None
    swap_bytes: Count | None
    used_swap_bytes: Count | None
    limits_shown: bool
    limits: ProcessLimits


def read_readings(tree: Tree) -> Readings:
    """Read the state of a host, or what a recorded tree holds of it."""
    memory = tree.text("proc/meminfo") or ""
    swap, free_swap = _find_kibibytes(memory, "SwapTotal"), _find_kibibytes(memory, "SwapFree")
    load = _LOAD.fullmatch(tree.line("proc/loadavg") or "")
    personality = tree.line("proc/self/personality") or ""
    return Readings(
        clocksource=tree.line("sys/devices/system/clocksource/clocksource0/current_clocksource"),
        timer_slack_ns=tree.integer("proc/self/timerslack_ns"),
        personality=int(personality, 16) if _PERSONALITY.fullmatch(personality) else None,
        cpu_counters=_find_cpu_counters(tree),
        perf_event_paranoid=tree.integer("proc/sys/kernel/perf_event_paranoid"),
        load_1min=None if load is None else float(load[1]),
        available_memory_bytes=_find_kibibytes(memory, "MemAvailable"),
        swap_bytes=swap,
        used_swap_bytes=None if swap is None or free_swap is None else max(0, swap - free_swap),
        limits_shown=_has_limit(tree.text(_LIMITS) or "", "Max processes"),
        limits=read_process_limits(tree),
    )


def read_process_limits(tree: Tree) -> ProcessLimits:
    """Read the limits of this process, or those that a recorded tree holds."""
    limits = tree.text(_LIMITS) or ""
    threads = (_find_soft_limit(limits, "Max processes"), _read_pids_limit(tree))
    return ProcessLimits(
        threads=min((limit for limit in threads if limit is not None), default=None),
        open_files=_find_soft_limit(limits, "Max open files"),
        address_space_bytes=_find_soft_limit(limits, "Max address space"),
    )


def _find_cpu_counters(tree: Tree) -> bool | None:
    devices = tree.entries(_COUNTERS)
    return any(_CPU_COUNTERS.fullmatch(name) for name in devices) if devices else None


def _read_pids_limit(tree: Tree) -> int | None:
    """Return how many processes and threads the process's control groups allow, the tightest; None if unlimited."""
    lines = (tree.line(f"{base}/pids.max") for base in Cgroups(tree).directories("pids")[1])
    return min((int(line) for line in lines if line and re.fullmatch(r"[0-9]{1,18}", line, re.ASCII)), default=None)


def _find_kibibytes(text: str, name: str) -> int | None:
    match = re.search(rf"^{name}:\s+([0-9]{{1,15}}) kB$", text, re.MULTILINE | re.ASCII)
    return None if match is None else int(match[1]) * 1024


def _has_limit(text: str, name: str) -> bool:
    return re.search(rf"^{name}\s+(?:[0-9]{{1,20}}|unlimited)\s", text, re.MULTILINE | re.ASCII) is not None


def _find_soft_limit(text: str, name: str) -> int | None:
    match = re.search(rf"^{name}\s+([0-9]{{1,20}})\s", text, re.MULTILINE | re.ASCII)
    return None if match is None else int(match[1])
