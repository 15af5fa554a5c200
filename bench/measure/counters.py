"""The kernel's running totals of what can slow a process. Read before and after the timed part, never during.

Each counter is read where the kernel shows it, and is None where it does not: a missing counter is `unavailable` in the
bundle, never 0.
"""

import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from bench.records.cpulist import parse_cpulist
from bench.records.record import Record

_STAT = re.compile(r"[A-Z](?: -?[0-9]{1,20}){8} ([0-9]{1,20}) [0-9]{1,20} ([0-9]{1,20}) ([0-9]{1,20}) .*", re.ASCII)
"""What follows the name in /proc/self/stat (Linux proc(5)): major faults, then ticks in user and in system mode."""

_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)


class _Hierarchy(NamedTuple):
    """Where one version of control groups counts throttling.

    Attributes:
        group: What finds the process's group in /proc/self/cgroup.
        base: Where the hierarchy is mounted.
        field: Of `cpu.stat`.
        seconds_per_unit: Of the field.
        quota: The file that holds a group's quota.
        unlimited: What it begins with where there is none.
    """

    group: str
    base: str
    field: str
    seconds_per_unit: float
    quota: str
    unlimited: str

    def has_quota(self, text: str) -> bool:
        """Return whether a quota's file states one."""
        return bool(text) and not text.startswith(self.unlimited)


_HIERARCHIES = (
    _Hierarchy(r"^0::(/.*)$", "sys/fs/cgroup", "throttled_usec", 1e-6, "cpu.max", "max"),
    _Hierarchy(
        r"^[0-9]+:(?:[a-z_=,]*,)?cpu(?:,[a-z_=,]*)?:(/.*)$",
        "sys/fs/cgroup/cpu",
        "throttled_time",
        1e-9,
        "cpu.cfs_quota_us",
        "-",
    ),
)


class Counters(Record, frozen=True, kw_only=True):
    """Running totals at one moment.

    Attributes:
        cpu_ticks, idle_ticks, steal_ticks: Of the bound CPUs, from /proc/stat.
        own_ticks: Time that this process used, all threads.
        sibling_ticks, sibling_busy_ticks: Of the other hardware threads of the bound cores; 0 where there are none.
        throttled_s: Of the cgroup, and of those above it with a quota.
        thermal_throttled_s: Of the bound CPUs' cores and packages.
        pressure_s: PSI `some` for cpu.
        involuntary_switches: All threads of the process.
        migrations: Of the main thread.
        major_faults: Of the process.
    """

    cpu_ticks: int | None
    idle_ticks: int | None
    steal_ticks: int | None
    own_ticks: int | None
    sibling_ticks: int | None
    sibling_busy_ticks: int | None
    throttled_s: float | None
    thermal_throttled_s: float | None
    pressure_s: float | None
    involuntary_switches: int | None
    migrations: int | None
    major_faults: int | None


def read_counters(
    cpus: frozenset[int], root: Path = Path("/"), *, layout_cpus: frozenset[int] = frozenset()
) -> Counters:
    """Read all running totals that the kernel shows.

    Args:
        cpus: That the process is bound to.
        root: Of the file system.
        layout_cpus: Those of all instances of the layout, whose load on a sibling is the layout's own.
    """
    stat = "" if is_stand_in(root / "proc/stat") else _read(root / "proc/stat")
    total, idle, steal = _cpu_ticks(stat, cpus)
    siblings = _find_siblings(cpus, root)
    sibling_total, sibling_idle, sibling_steal = _sibling_ticks(stat, siblings, layout_cpus)
    fields = _STAT.fullmatch(_read(root / "proc/self/stat").rpartition(")")[2].strip())
    return Counters(
        cpu_ticks=total,
        idle_ticks=idle,
        steal_ticks=steal,
        own_ticks=None if fields is None else int(fields[2]) + int(fields[3]),
        sibling_ticks=sibling_total,
        sibling_busy_ticks=(
            None
            if sibling_total is None or sibling_idle is None or sibling_steal is None
            else sibling_total - sibling_idle - sibling_steal
        ),
        throttled_s=_throttled_s(root),
        thermal_throttled_s=_thermal_throttled_s(cpus, root),
        pressure_s=_scaled(r"^some .*total=([0-9]{1,20})$", _read(root / "proc/pressure/cpu"), 1e-6),
        involuntary_switches=_involuntary_switches(root),
        migrations=_match_number(r"^se\.nr_migrations\s*:\s*([0-9]{1,20})$", _read(root / "proc/self/sched")),
        major_faults=None if fields is None else int(fields[1]),
    )


def is_stand_in(path: Path) -> bool:
    """Return whether another file is mounted over one of /proc, as lxcfs does.

    It numbers a container's CPUs from 0: its `cpu1` may be any CPU of the host.
    """
    with suppress(OSError):
        return path.stat().st_dev != path.parent.stat().st_dev
    return False


def read_frequency_hz(cpus: frozenset[int], root: Path = Path("/")) -> int | None:
    """Return the mean of what cpufreq says the CPUs run at now; None where it says nothing, as in most guests."""
    readings = [
        int(text) * 1000
        for cpu in sorted(cpus)
        if _NUMBER.fullmatch(text := _read(root / f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq").strip())
    ]
    return sum(readings) // len(readings) if readings else None


def _cpu_ticks(stat: str, cpus: frozenset[int]) -> tuple[int | None, int | None, int | None]:
    """Return total, idle and stolen ticks; user time already holds guest time (Linux proc(5))."""
    rows = [
        [int(field) for field in line.split()[1:9]]
        for line in stat.splitlines()
        if (match := re.fullmatch(r"cpu([0-9]{1,5})((?: [0-9]{1,20}){8,10})\s*", line, re.ASCII))
        and int(match[1]) in cpus
    ]
    if len(rows) != len(cpus) or not rows:
        return None, None, None
    return sum(map(sum, rows)), sum(row[3] + row[4] for row in rows), sum(row[7] for row in rows)


def _sibling_ticks(
    stat: str, siblings: frozenset[int] | None, layout_cpus: frozenset[int]
) -> tuple[int | None, int | None, int | None]:
    """Return total, idle and stolen ticks of the siblings that are no part of the layout; of none of them, zeros."""
    if siblings is None:
        return None, None, None
    return _cpu_ticks(stat, siblings - layout_cpus) if siblings - layout_cpus else (0, 0, 0)


def _throttled_s(root: Path) -> float | None:
    """Return the seconds that quotas stopped the process's cgroup, or a group above it that has a quota of its own.

    A quota of an ancestor, as of a pod or a slice, throttles without any trace in the own group's counter.
    """
    groups = _read(root / "proc/self/cgroup")
    for hierarchy in _HIERARCHIES:
        match = re.search(hierarchy.group, groups, re.MULTILINE)
        if match is None:
            continue
        parts = [part for part in match[1].split("/") if part not in {"", ".."}]
        folders = [root.joinpath(hierarchy.base, *parts[:length]) for length in range(len(parts), -1, -1)]
        found: list[float] = []
        for folder in folders:
            seconds = _scaled(
                rf"^{hierarchy.field} ([0-9]{{1,20}})$", _read(folder / "cpu.stat"), hierarchy.seconds_per_unit
            )
            if seconds is not None and (not found or hierarchy.has_quota(_read(folder / hierarchy.quota))):
                found.append(seconds)
        if found:
            return sum(found)
    return None


def _find_siblings(cpus: frozenset[int], root: Path) -> frozenset[int] | None:
    """Return the other hardware threads of the cores of some CPUs; None where the kernel does not show them."""
    siblings: set[int] = set()
    for cpu in cpus:
        listed = _read(root / f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").strip()
        try:
            siblings |= parse_cpulist(listed)
        except ValueError:
            return None
    return frozenset(siblings) - cpus if siblings else None


def _thermal_throttled_s(cpus: frozenset[int], root: Path) -> float | None:
    """Return the longest that the core or the package of any of the CPUs was throttled for its heat.

    Source: Linux, arch/x86/kernel/cpu/mce/therm_throt.c (`*_throttle_total_time_ms`, since 5.7).
    """
    readings = [
        int(text) / 1000
        for cpu in cpus
        for unit in ("core", "package")
        if _NUMBER.fullmatch(
            text := _read(
                root / f"sys/devices/system/cpu/cpu{cpu}/thermal_throttle/{unit}_throttle_total_time_ms"
            ).strip()
        )
    ]
    return max(readings) if readings else None


def _involuntary_switches(root: Path) -> int | None:
    statuses = [_read(path) for path in (root / "proc/self/task").glob("*/status")]
    counts = [_match_number(r"^nonvoluntary_ctxt_switches:\s*([0-9]{1,20})$", status) for status in statuses]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _read(path: Path) -> str:
    """Return the file's text; empty if it cannot be read, or has a name that no file can have."""
    with suppress(OSError, ValueError):
        return path.read_text(encoding="ascii", errors="replace")
    return ""


def _match_number(pattern: str, text: str) -> int | None:
    match = re.search(pattern, text, re.MULTILINE)
    return None if match is None else int(match[1])


def _scaled(pattern: str, text: str, scale: float) -> float | None:
    count = _match_number(pattern, text)
    return None if count is None else count * scale
