"""Core kinds: which cores of a hybrid part are the fast ones.

No single file shows it on all machines: `cpu_core` and `cpu_atom` are Intel's and may be missing, AMD's kind of a
core (CPUID 0x80000026) is in no file, and on some Arm parts `cpu_capacity` has more values than there are kinds.
The sources are tried in order.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, Literal

from bench.hardware.architecture import name_architecture
from bench.hardware.cpuinfo import CpuInfo, parse_number
from bench.hardware.identity import identify
from bench.hardware.microarchitectures import AMD, HYBRID, is_amd_hybrid
from bench.hardware.tree import Tree

Kind = Literal["uniform", "performance", "efficiency"]

_PATH: Final = "sys/devices/system/cpu"

_MIDR: Final = re.compile(r"0x[0-9a-f]{1,16}", re.ASCII)

_CLEARLY_SLOWER: Final = 0.9
"""Cores of another kind are below this share of the next faster core. Favoured cores of one kind are ranked in steps
of 2 to 9% (Ryzen 7950X: 236, 231, 226 ... 166; 7950X3D: 5.75 and 5.25 GHz); between kinds, 15 to 40% were seen."""

_RANKS: Final = (
    "cpu{}/cpu_capacity",
    "cpufreq/policy{}/amd_pstate_prefcore_ranking",
    "cpu{}/cpufreq/amd_pstate_prefcore_ranking",
    "cpu{}/acpi_cppc/highest_perf",
)
"""Where Linux ranks x86 CPUs, if their highest frequencies do not differ: before 6.13 it took those of Zen 5c for
Zen 5's, it still does with Zen 4c, and with boost off all are nominal.

Sources: Linux `arch/x86/kernel/acpi/cppc.c` (`amd_get_boost_ratio_numerator`),
`Documentation/admin-guide/pm/amd-pstate.rst`."""

_FEWEST: Final = 2
"""Cores of a kind on AMD parts that the tables do not list as hybrid: one that stands out is a favoured core."""


def read_kinds(
    tree: Tree, cores: Sequence[Sequence[int]], cpuinfo: CpuInfo, max_khz: Mapping[int, int]
) -> Mapping[int, Kind]:
    """Return the kind of each core, by its first CPU.

    Args:
        tree: The machine.
        cores: The CPUs of each core.
        cpuinfo: Tells whether the kernel is of x86 or Arm, and the CPU's model.
        max_khz: Highest frequency of CPUs, where known.
    """
    listed = read_listed_kinds(tree, tuple(core[0] for core in cores))
    if listed is not None:
        return listed
    if name_architecture(cpuinfo) != "x86_64":
        return read_arm_kinds(tree, cores, cpuinfo)
    identity = identify(cpuinfo, "x86_64")
    if identity.microarchitecture in HYBRID or is_amd_hybrid(identity.vendor, identity.family, identity.model):
        return read_hybrid_kinds(tree, cores, max_khz)
    if identity.vendor == AMD:
        kinds = split_by_speed(max_khz, tuple(core[0] for core in cores))
        found = tuple(kinds.values())
        if min(found.count("performance"), found.count("efficiency")) >= _FEWEST:
            return kinds
    # Elsewhere, favoured cores of a server would look like a second kind.
    return dict.fromkeys((core[0] for core in cores), "uniform")


def read_listed_kinds(tree: Tree, cpus: Sequence[int]) -> Mapping[int, Kind] | None:
    """Return the kinds that the kernel lists for its performance counters, on x86 only; None if it lists none."""
    slow = frozenset().union(
        *(tree.cpulist(f"sys/devices/{name}/cpus") or frozenset() for name in ("cpu_atom", "cpu_lowpower"))
    )
    fast = tree.cpulist("sys/devices/cpu_core/cpus") or frozenset()
    if not slow or not fast:
        return None
    return {cpu: "efficiency" if cpu in slow else "performance" for cpu in cpus}


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


def read_hybrid_kinds(tree: Tree, cores: Sequence[Sequence[int]], max_khz: Mapping[int, int]) -> Mapping[int, Kind]:
    """Return the kind of each core of an x86 part that has cores of two kinds, by its first CPU.

    Args:
        tree: The machine.
        cores: The CPUs of each core.
        max_khz: Highest frequency of CPUs, where known.
    """
    heads = tuple(core[0] for core in cores)
    # Intel's efficiency cores share their L2 in clusters; every other core has its own.
    clustered = {core[0] for core in cores if _shares_l2(tree, core)}
    if clustered and len(clustered) < len(cores):
        return {cpu: "efficiency" if cpu in clustered else "performance" for cpu in heads}
    splits = (split_by_speed(speeds, heads) for speeds in (max_khz, *_read_ranks(tree, heads)))
    uniform: Mapping[int, Kind] = dict.fromkeys(heads, "uniform")
    return next((kinds for kinds in splits if kinds != uniform), uniform)


def _read_ranks(tree: Tree, cpus: Sequence[int]) -> Iterator[Mapping[int, int]]:
    for name in _RANKS:
        ranks = ((cpu, tree.integer(f"{_PATH}/{name.format(cpu)}")) for cpu in cpus)
        yield {cpu: rank for cpu, rank in ranks if rank is not None and rank > 0}


def split_by_speed(speeds: Mapping[int, int], cpus: Sequence[int]) -> Mapping[int, Kind]:
    """Split CPUs into kinds below the fastest one that is followed by a clearly slower one; uniform if none is.

    They are uniform too if the speed of one is unknown.
    """
    if not cpus or any(cpu not in speeds for cpu in cpus):
        return dict.fromkeys(cpus, "uniform")
    ladder = sorted({speeds[cpu] for cpu in cpus}, reverse=True)
    limit = next((faster for faster, slower in pairwise(ladder) if slower < faster * _CLEARLY_SLOWER), None)
    if limit is None:
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
