"""Core kinds: which cores of a hybrid part are the fast ones.

No single file shows it on all machines: `cpu_core` and `cpu_atom` may be missing on x86, and on some Arm parts
`cpu_capacity` has more values than there are kinds. The sources are tried in order.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from bench.hardware.cpuinfo import CpuInfo, parse_number
from bench.hardware.identity import identify
from bench.hardware.microarchitectures import HYBRID
from bench.hardware.tree import Tree

Kind = Literal["uniform", "performance", "efficiency"]

_PATH: Final = "sys/devices/system/cpu"

_MIDR: Final = re.compile(r"0x[0-9a-f]{1,16}", re.ASCII)

_CLEARLY_SLOWER: Final = 0.85
"""A core below this share of the fastest is of another kind; favoured cores of one kind differ by less."""


def read_kinds(
    tree: Tree, cores: Sequence[Sequence[int]], cpuinfo: CpuInfo, max_khz: Mapping[int, int]
) -> Mapping[int, Kind]:
    """Return the kind of each core, by its first CPU.

    Args:
        tree: The machine.
        cores: The CPUs of each core.
        cpuinfo: Tells whether the kernel is of x86 or Arm.
        max_khz: Highest frequency of CPUs, where known.
    """
    if not cpuinfo.is_x86:
        return read_arm_kinds(tree, cores, cpuinfo)
    hybrid = identify(cpuinfo, "x86_64").microarchitecture in HYBRID or "amd_htr_cores" in cpuinfo.isa()
    return read_x86_kinds(tree, cores, max_khz, hybrid=hybrid)


def read_arm_kinds(tree: Tree, cores: Sequence[Sequence[int]], cpuinfo: CpuInfo) -> Mapping[int, Kind]:
    """Return the kind of each core, by its first CPU: cores of different parts (MIDR), ranked by capacity.

    Cores of one part are of one kind, whatever their capacities are.
    """
    parts = {core[0]: _read_part(tree, core[0], cpuinfo) for core in cores}
    capacities = {cpu: capacity for cpu in parts if (capacity := tree.integer(f"{_PATH}/cpu{cpu}/cpu_capacity"))}
    if None in parts.values():
        return split_by_speed(capacities, tuple(parts))
    if len(set(parts.values())) == 1:
        return dict.fromkeys(parts, "uniform")
    best = {part: max(capacities.get(cpu, 0) for cpu in parts if parts[cpu] == part) for part in set(parts.values())}
    if len(set(best.values())) == 1:
        tree.note("core_speeds_unknown")
        return dict.fromkeys(parts, "uniform")
    top = max(best.values())
    return {cpu: "performance" if best[part] == top else "efficiency" for cpu, part in parts.items()}


def read_x86_kinds(
    tree: Tree, cores: Sequence[Sequence[int]], max_khz: Mapping[int, int], *, hybrid: bool
) -> Mapping[int, Kind]:
    """Return the kind of each core, by its first CPU.

    Args:
        tree: The machine.
        cores: The CPUs of each core.
        max_khz: Highest frequency of CPUs, where known.
        hybrid: This microarchitecture has cores of two kinds. In others, favoured cores of a server would look
            like a second kind.
    """
    heads = tuple(core[0] for core in cores)
    slow = frozenset().union(
        *(tree.cpulist(f"sys/devices/{name}/cpus") or frozenset() for name in ("cpu_atom", "cpu_lowpower"))
    )
    fast = tree.cpulist("sys/devices/cpu_core/cpus") or frozenset()
    if slow and fast:
        return {cpu: "efficiency" if cpu in slow else "performance" for cpu in heads}
    if not hybrid:
        return dict.fromkeys(heads, "uniform")
    # Efficiency cores share their L2 in clusters; a performance core has its own.
    clustered = {core[0] for core in cores if _shares_l2(tree, core)}
    if clustered and len(clustered) < len(cores):
        return {cpu: "efficiency" if cpu in clustered else "performance" for cpu in heads}
    return split_by_speed({cpu: max_khz[cpu] for cpu in heads if cpu in max_khz}, heads)


def split_by_speed(speeds: Mapping[int, int], cpus: Sequence[int]) -> Mapping[int, Kind]:
    """Split CPUs into kinds by speed; uniform if a speed is unknown, or speeds do not differ clearly."""
    if not cpus or any(cpu not in speeds for cpu in cpus):
        return dict.fromkeys(cpus, "uniform")
    limit = max(speeds.values()) * _CLEARLY_SLOWER
    if min(speeds.values()) >= limit:
        return dict.fromkeys(cpus, "uniform")
    return {cpu: "performance" if speeds[cpu] >= limit else "efficiency" for cpu in cpus}


def find_lead(kinds: Mapping[int, Kind]) -> int | None:
    """Return the CPU that a hybrid machine is named after, the first fast one; None if all are alike."""
    return min((cpu for cpu, kind in kinds.items() if kind == "performance"), default=None)


def _read_part(tree: Tree, cpu: int, cpuinfo: CpuInfo) -> tuple[int, int] | None:
    """Read implementer and part of a CPU, from `/proc/cpuinfo` or from its MIDR register."""
    fields = cpuinfo.cpus.get(cpu, {})
    implementer = parse_number(fields.get("cpu implementer"))
    part = parse_number(fields.get("cpu part"))
    if implementer is not None and part is not None:
        return implementer, part
    midr = tree.line(f"{_PATH}/cpu{cpu}/regs/identification/midr_el1")
    if midr is None or _MIDR.fullmatch(midr) is None:
        return None
    return int(midr, 16) >> 24 & 0xFF, int(midr, 16) >> 4 & 0xFFF


def _shares_l2(tree: Tree, core: Sequence[int]) -> bool:
    for index in tree.numbered(f"{_PATH}/cpu{core[0]}/cache", "index"):
        base = f"{_PATH}/cpu{core[0]}/cache/index{index}"
        if tree.integer(f"{base}/level") == 2:
            shared = tree.cpulist(f"{base}/shared_cpu_list") or frozenset()
            return not shared <= frozenset(core)
    return False
