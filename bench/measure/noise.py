"""The noise ledger: what disturbed the timed part. Read before and after it, never during.

Each counter is read where the kernel shows it, and is None where it does not: a missing counter is
`unavailable` in the bundle, never 0.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from bench.records.cpulist import parse_cpulist
from bench.records.measurement import Noise
from bench.records.record import Record

Number = TypeVar("Number", int, float)

_STAT = re.compile(r"[A-Z](?: -?[0-9]{1,20}){8} ([0-9]{1,20}) [0-9]{1,20} ([0-9]{1,20}) ([0-9]{1,20}) .*", re.ASCII)
"""What follows the name in /proc/self/stat (Linux proc(5)): major faults, then ticks in user and in system mode."""

_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)


class Counters(Record, frozen=True, kw_only=True):
    """Running totals at one moment.

    Attributes:
        cpu_ticks, idle_ticks, steal_ticks: Of the bound CPUs, from /proc/stat.
        own_ticks: Time that this process used, all threads.
        throttled_s: Of the cgroup.
        pressure_s: PSI `some` for cpu.
        involuntary_switches: All threads of the process.
        migrations: Of the main thread.
        major_faults: Of the process.
    """

    cpu_ticks: int | None
    idle_ticks: int | None
    steal_ticks: int | None
    own_ticks: int | None
    throttled_s: float | None
    pressure_s: float | None
    involuntary_switches: int | None
    migrations: int | None
    major_faults: int | None


def read_counters(cpus: frozenset[int], root: Path = Path("/")) -> Counters:
    """Read all running totals that the kernel shows."""
    total, idle, steal = _cpu_ticks(_read(root / "proc/stat"), cpus)
    fields = _STAT.fullmatch(_read(root / "proc/self/stat").rpartition(")")[2].strip())
    return Counters(
        cpu_ticks=total,
        idle_ticks=idle,
        steal_ticks=steal,
        own_ticks=None if fields is None else int(fields[2]) + int(fields[3]),
        throttled_s=_throttled_s(root),
        pressure_s=_scaled(r"^some .*total=([0-9]{1,20})$", _read(root / "proc/pressure/cpu"), 1e-6),
        involuntary_switches=_involuntary_switches(root),
        migrations=_whole(r"^se\.nr_migrations\s*:\s*([0-9]{1,20})$", _read(root / "proc/self/sched")),
        major_faults=None if fields is None else int(fields[1]),
    )


def compare_counters(before: Counters, after: Counters, *, frequency_hz: int | None) -> Noise:
    """What happened between two readings."""
    cpu = _difference(before.cpu_ticks, after.cpu_ticks)
    steal = _difference(before.steal_ticks, after.steal_ticks)
    idle = _difference(before.idle_ticks, after.idle_ticks)
    own = _difference(before.own_ticks, after.own_ticks)
    known = cpu is not None and cpu > 0 and steal is not None and idle is not None
    foreign = None if not known or own is None else (cpu or 0) - (idle or 0) - (steal or 0) - own
    return Noise(
        steal_ratio=(steal or 0) / (cpu or 1) if known else None,
        throttled_s=_difference(before.throttled_s, after.throttled_s),
        cpu_pressure_s=_difference(before.pressure_s, after.pressure_s),
        involuntary_switches=_difference(before.involuntary_switches, after.involuntary_switches),
        migrations=_difference(before.migrations, after.migrations),
        major_faults=_difference(before.major_faults, after.major_faults),
        frequency_hz=frequency_hz,
        foreign_ratio=None if foreign is None else max(0.0, foreign / (cpu or 1)),
    )


def read_frequency_hz(cpus: frozenset[int], root: Path = Path("/")) -> int | None:
    """Mean of what cpufreq says the CPUs run at now; None where it says nothing, as in most guests."""
    readings = [
        int(text) * 1000
        for cpu in sorted(cpus)
        if _NUMBER.fullmatch(text := _read(root / f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq").strip())
    ]
    return sum(readings) // len(readings) if readings else None


def watched(cpus: str, root: Path = Path("/")) -> Callable[[], Noise]:
    """Read the counters now; the call that is returned reads them again and says what happened since."""
    bound = parse_cpulist(cpus)
    before = read_counters(bound, root)
    return lambda: compare_counters(before, read_counters(bound, root), frequency_hz=read_frequency_hz(bound, root))


def _cpu_ticks(stat: str, cpus: frozenset[int]) -> tuple[int | None, int | None, int | None]:
    """Total, idle and stolen ticks; user time already holds guest time (Linux proc(5))."""
    rows = [
        [int(field) for field in line.split()[1:9]]
        for line in stat.splitlines()
        if (match := re.fullmatch(r"cpu([0-9]{1,5})((?: [0-9]{1,20}){8,10})\s*", line, re.ASCII))
        and int(match[1]) in cpus
    ]
    if len(rows) != len(cpus) or not rows:
        return None, None, None
    return sum(map(sum, rows)), sum(row[3] + row[4] for row in rows), sum(row[7] for row in rows)


def _throttled_s(root: Path) -> float | None:
    """Of the process's own cgroup: v2 counts microseconds, v1 nanoseconds."""
    groups = _read(root / "proc/self/cgroup")
    for pattern, base, field, scale in (
        (r"^0::(/.*)$", "sys/fs/cgroup", "throttled_usec", 1e-6),
        (r"^[0-9]+:(?:[a-z_=,]*,)?cpu(?:,[a-z_=,]*)?:(/.*)$", "sys/fs/cgroup/cpu", "throttled_time", 1e-9),
    ):
        match = re.search(pattern, groups, re.MULTILINE)
        if match is None:
            continue
        for folder in (root / base / match[1].lstrip("/"), root / base):
            seconds = _scaled(rf"^{field} ([0-9]{{1,20}})$", _read(folder / "cpu.stat"), scale)
            if seconds is not None:
                return seconds
    return None


def _involuntary_switches(root: Path) -> int | None:
    statuses = [_read(path) for path in (root / "proc/self/task").glob("*/status")]
    counts = [_whole(r"^nonvoluntary_ctxt_switches:\s*([0-9]{1,20})$", status) for status in statuses]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _read(path: Path) -> str:
    """The file's text; empty if it cannot be read, or has a name that no file can have."""
    with suppress(OSError, ValueError):
        return path.read_text(encoding="ascii", errors="replace")
    return ""


def _whole(pattern: str, text: str) -> int | None:
    match = re.search(pattern, text, re.MULTILINE)
    return None if match is None else int(match[1])


def _scaled(pattern: str, text: str, scale: float) -> float | None:
    count = _whole(pattern, text)
    return None if count is None else count * scale


def _difference(before: Number | None, after: Number | None) -> Number | None:
    """A counter that went backwards (a thread ended) has no meaning."""
    if before is None or after is None or after < before:
        return None
    return after - before
