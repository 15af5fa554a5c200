"""Caches: what holds data, how large it is, and which CPUs share it."""

import re
from typing import Final

from bench.hardware.tree import Tree
from bench.records.cpulist import format_cpulist
from bench.records.machine import Cache

_PATH: Final = "sys/devices/system/cpu"

_SIZE: Final = re.compile(r"([1-9][0-9]{0,8})K", re.ASCII)
"""The kernel writes kibibytes and nothing else (`drivers/base/cacheinfo.c`, `size_show`)."""

_KIB: Final = 1024


def read_caches(tree: Tree, online: frozenset[int]) -> tuple[Cache, ...] | None:
    """Return the caches for data of all online CPUs, by level and size; None where none is shown.

    Instruction caches are left out. Guests may be shown the caches of the whole host; nothing here can show that.

    Args:
        tree: The machine.
        online: Its online CPUs.
    """
    groups: dict[tuple[int, int], set[frozenset[int]]] = {}
    known: dict[int, set[int]] = {}
    for cpu in sorted(online):
        base = f"{_PATH}/cpu{cpu}/cache"
        for index in tree.numbered(base, "index"):
            if cpu in known.setdefault(index, set()):
                continue
            path = f"{base}/index{index}"
            if tree.line(f"{path}/type") not in {"Data", "Unified"}:
                continue
            level, size_bytes = tree.integer(f"{path}/level"), _read_size_bytes(tree, f"{path}/size")
            if level is None or size_bytes is None:
                continue
            shared = tree.cpulist(f"{path}/shared_cpu_list") or tree.cpumask(f"{path}/shared_cpu_map") or frozenset()
            shared = shared & online | {cpu}
            groups.setdefault((level, size_bytes), set()).add(shared)
            # The kernel lists a cache under each CPU that shares it: 256 times where 256 do.
            known[index] |= shared
    if not groups:
        return None
    return tuple(
        Cache(level=level, size_bytes=size_bytes, shared_by=tuple(map(format_cpulist, sorted(found, key=min))))
        for (level, size_bytes), found in sorted(groups.items())
    )


def _read_size_bytes(tree: Tree, path: str) -> int | None:
    line = tree.line(path)
    match = None if line is None else _SIZE.fullmatch(line)
    if line is not None and match is None:
        tree.note("not_a_size", path=path, text=repr(line[:80]))
    return None if match is None else int(match[1]) * _KIB
