"""Limits on the memory of a process, by name."""

import re
from collections.abc import Iterator
from typing import Literal

from bench.hardware.cgroup import Cgroups
from bench.hardware.tree import Tree
from bench.records.machine import Count
from bench.records.record import Record

MemoryLimitName = Literal["memory.max", "RLIMIT_AS", "MemAvailable"]


class MemoryLimit(Record, frozen=True, kw_only=True):
    """A limit.

    Attributes:
        name: `memory.max` also for `memory.limit_in_bytes`, its name in version 1 of control groups.
        value_bytes: For `MemAvailable`: what the kernel can give now, swap included.
    """

    name: MemoryLimitName
    value_bytes: Count


def read_memory_limits(tree: Tree) -> tuple[MemoryLimit, ...]:
    """Return the limits that apply to a process that this one starts."""
    return tuple(_list_limits(tree))


def _list_limits(tree: Tree) -> Iterator[MemoryLimit]:
    group = Cgroups(tree).read_memory_limit()
    if group is not None:
        yield MemoryLimit(name="memory.max", value_bytes=group)
    # proc_pid_limits(5): soft limit, then hard limit.
    match = re.search(
        r"^Max address space +([0-9]{1,19}) ", tree.text("proc/self/limits") or "", re.MULTILINE | re.ASCII
    )
    if match is not None:
        yield MemoryLimit(name="RLIMIT_AS", value_bytes=int(match[1]))
    text = tree.text("proc/meminfo") or ""
    available, swap = (_find_kib(text, name) for name in ("MemAvailable", "SwapFree"))
    if available is not None:
        yield MemoryLimit(name="MemAvailable", value_bytes=(available + (swap or 0)) << 10)


def _find_kib(meminfo: str, name: str) -> int | None:
    match = re.search(rf"^{name}: +([0-9]{{1,15}}) kB$", meminfo, re.MULTILINE | re.ASCII)
    return None if match is None else int(match[1])
