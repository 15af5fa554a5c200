"""Findings about what is left for a run: CPU time, memory, threads; and about the kernel's performance counters."""

from collections.abc import Iterator
from typing import Final

from bench.doctor.finding import NO_TIME_COST, make_finding, make_unknown
from bench.hardware.readings import Readings
from bench.records.cpulist import parse_cpulist
from bench.records.diagnosis import Finding
from bench.records.machine import Machine
from bench.stats.noise import FOREIGN_LIMIT

NEEDED_MEMORY_BYTES: Final = 4 << 30
"""The largest instance of the published bundle used 2.8 GiB, and the next worker loads its libraries beside it."""

NEEDED_OPEN_FILES: Final = 256
"""A worker has some tens open while it imports; 1024 is the usual soft limit."""

_THREADS_PER_CPU: Final = 4
"""Two workers are loaded at a time, and each may have an OpenMP team and a pool of OpenBLAS."""

_SPARE_THREADS: Final = 32
"""Threads for the parent, compilers, and what else runs in the same control group."""

_PARANOID_LIMIT: Final = 2
"""Up to 2 a user may count events of own processes; Debian, Ubuntu and Android know higher values, which forbid it."""


def find_capacity(machine: Machine, readings: Readings) -> Iterator[Finding]:
    """Yield the findings about capacity."""
    yield _find_quota(machine)
    yield _find_memory(machine, readings)
    yield _find_swap(readings)
    yield _find_load(machine, readings)
    yield from _find_limits(machine, readings)
    yield _find_perf_counters(readings)


def _find_quota(machine: Machine) -> Finding:
    quota, cpus = machine.limits.cpu_quota, len(parse_cpulist(machine.topology.allowed_cpus))
    if quota is not None and quota < cpus:
        return make_finding("cpu_quota", "slow", "quota_below_cpus", quota_cpus=f"{quota:g}", cpus=str(cpus))
    if quota is not None:
        return make_finding("cpu_quota", "scatter", "quota_reached", quota_cpus=f"{quota:g}", cpus=str(cpus))
    if machine.limits.cgroup_version == 0:
        return make_unknown("cpu_quota", "/sys/fs/cgroup")
    return make_finding("cpu_quota", "fine", "no_quota")


def _find_memory(machine: Machine, readings: Readings) -> Finding:
    available, limit = readings.available_memory_bytes, machine.limits.memory_bytes
    if available is None:
        return make_unknown("memory", "/proc/meminfo MemAvailable")
    usable = available if limit is None else min(available, limit)
    values = {"available_bytes": str(usable), "needed_bytes": str(NEEDED_MEMORY_BYTES)}
    if usable < NEEDED_MEMORY_BYTES:
        return make_finding("memory", "missing", "memory_short", **values)
    return make_finding("memory", "fine", "memory_enough", **values)


def _find_swap(readings: Readings) -> Finding:
    if readings.swap_bytes is None or readings.used_swap_bytes is None:
        return make_unknown("swap", "/proc/meminfo SwapTotal and SwapFree")
    if readings.used_swap_bytes:
        return make_finding("swap", "scatter", "swap_used", used_bytes=str(readings.used_swap_bytes))
    return make_finding("swap", "fine", "swap_unused" if readings.swap_bytes else "no_swap")


def _find_load(machine: Machine, readings: Readings) -> Finding:
    """Compare the host's load with the share that others may have of a repetition's CPUs."""
    if readings.load_1min is None:
        return make_unknown("load", "/proc/loadavg")
    cpus = machine.topology.cpu_count
    values = {"load_1min": f"{readings.load_1min:g}", "cpus": str(cpus)}
    if readings.load_1min > FOREIGN_LIMIT * cpus:
        return make_finding("load", "scatter", "load_high", **values)
    return make_finding("load", "fine", "load_low", **values)


def _find_limits(machine: Machine, readings: Readings) -> Iterator[Finding]:
    """Yield each limit that a run may reach; without one, one finding that says so."""
    if not readings.limits_shown:
        yield make_unknown("limits", "/proc/self/limits")
        return
    limits = readings.limits
    needed = _THREADS_PER_CPU * len(parse_cpulist(machine.topology.allowed_cpus)) + _SPARE_THREADS
    low = [
        make_finding("limits", "missing", code, limit=str(limit), needed=str(least))
        for code, limit, least in (
            ("threads_limited", limits.threads, needed),
            ("open_files_limited", limits.open_files, NEEDED_OPEN_FILES),
        )
        if limit is not None and limit < least
    ]
    if limits.address_space_bytes is not None:
        limit_bytes = str(limits.address_space_bytes)
        low.append(make_finding("limits", "missing", "address_space_limited", limit_bytes=limit_bytes))
    yield from low or [make_finding("limits", "fine", "limits_enough")]


def _find_perf_counters(readings: Readings) -> Finding:
    if readings.cpu_counters is None:
        return make_unknown("perf_counters", "/sys/bus/event_source/devices")
    if not readings.cpu_counters:
        return make_finding("perf_counters", "missing", "cpu_counters_absent", NO_TIME_COST)
    if readings.perf_event_paranoid is None:
        return make_unknown("perf_counters", "/proc/sys/kernel/perf_event_paranoid")
    if readings.perf_event_paranoid > _PARANOID_LIMIT:
        values = {"paranoid": str(readings.perf_event_paranoid), "allowed": str(_PARANOID_LIMIT)}
        return make_finding("perf_counters", "missing", "perf_forbidden", NO_TIME_COST, **values)
    return make_finding("perf_counters", "fine", "perf_allowed")
