"""Check that a machine agrees with itself.

The detector counts, groups and joins what the kernel lists (`bench.hardware.topology`), so counts, groups and lists agree
on any host, however odd. What the kernel lists may contradict itself in a guest; the detector then says so in `missing`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from bench.bundle.cpus import contains, parse_mask
from bench.errors import BundleError
from bench.records.cpulist import MAX_CPU
from bench.records.machine import Architecture, Cpu, Machine, Topology

_FOREIGN_FLAGS: Final[Mapping[Architecture, frozenset[str]]] = MappingProxyType(
    {
        "x86_64": frozenset({"asimd", "asimddp", "asimdhp", "i8mm", "sve", "sve2", "sme"}),
        "aarch64": frozenset({"fpu", "sse", "sse2", "avx", "avx2", "avx512f", "amx_tile"}),
    }
)
"""Flags that only CPUs of the other architecture have."""

_NEEDED_FLAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "avx512f": "avx2",
        "avx512bw": "avx512f",
        "avx512cd": "avx512f",
        "avx512dq": "avx512f",
        "avx512vl": "avx512f",
        "avx512_vnni": "avx512f",
        "avx512_bf16": "avx512f",
        "avx512_fp16": "avx512bw",
        "avx_vnni": "avx2",
        "amx_bf16": "amx_tile",
        "amx_int8": "amx_tile",
        "asimddp": "asimd",
        "asimdhp": "asimd",
        "sve2": "sve",
        "svebf16": "sve",
        "svei8mm": "sve",
    }
)
"""Flag → the one that it is an extension of. Linux clears them together (arch/x86/kernel/cpu/cpuid-deps.c)."""

_FLAG_VENDORS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "svm": frozenset({"AuthenticAMD", "HygonGenuine"}),
        "sse4a": frozenset({"AuthenticAMD", "HygonGenuine"}),
        "vmx": frozenset({"GenuineIntel", "CentaurHauls", "  Shanghai  "}),
    }
)
"""Flag → the vendors whose CPUs have it."""

_FAMILY_VENDORS: Final[Mapping[int, str]] = MappingProxyType(
    {21: "AuthenticAMD", 23: "AuthenticAMD", 24: "HygonGenuine", 25: "AuthenticAMD", 26: "AuthenticAMD"}
)
"""Family → the only vendor that has used it."""

_NAME_FAMILIES: Final[Mapping[str, tuple[str, int]]] = MappingProxyType(
    {
        **dict.fromkeys(("zen", "zen2"), ("AuthenticAMD", 23)),
        **dict.fromkeys(("zen3", "zen4", "zen4c"), ("AuthenticAMD", 25)),
        **dict.fromkeys(("zen5", "zen5c", "zen6"), ("AuthenticAMD", 26)),
        **dict.fromkeys(
            (
                *("haswell", "broadwell", "skylake", "skylake_avx512", "cascadelake", "cooperlake", "icelake"),
                *("sapphirerapids", "emeraldrapids", "graniterapids", "sierraforest", "clearwaterforest"),
                *("alderlake", "raptorlake", "meteorlake", "arrowlake", "lunarlake"),
            ),
            ("GenuineIntel", 6),
        ),
    }
)
"""Microarchitecture → vendor and family, from which alone it is identified."""


_GROUPS_OF_CPU = 4
"""Last-level caches of a CPU at most, on average: kernels of guests may list a CPU with several."""


def check_machine(machine: Machine) -> None:
    """Refuse a machine that contradicts itself.

    Raises:
        BundleError: says what contradicts what.
    """
    noted = frozenset(reason.code for reason in machine.missing)
    _check_topology(machine.topology, noted)
    _check_nodes(machine.topology, noted)
    _check_caches(machine.topology)
    _check_identity(machine.cpu)
    if not machine.cpu.emulated:
        _check_flags(machine.cpu, guest=machine.settings.hypervisor is not None)


def _check_topology(topology: Topology, noted: frozenset[str]) -> None:
    online = parse_mask(topology.online_cpus)
    counted = (
        ("packages", topology.package_count, len({core.package for core in topology.cores})),
        ("cores", topology.core_count, len(topology.cores)),
        ("online CPUs", topology.cpu_count, online.bit_count()),
        ("SMT", topology.smt_active, any(len(core.cpus) > 1 for core in topology.cores)),
    )
    for what, stated, found in counted:
        if stated != found:
            raise BundleError(f"machine.json states {what}: {stated}; its lists give {found}")
    placed = _join((core.cpus for core in topology.cores), "two cores")
    if placed & ~online or (online & ~placed and "cpus_without_topology" not in noted):
        raise BundleError(
            f"machine.json has {placed.bit_count()} CPUs on its cores, but {online.bit_count()} are online: "
            f"{topology.online_cpus:.80}"
        )
    if not contains(topology.online_cpus, topology.allowed_cpus):
        raise BundleError(
            f"machine.json allows CPUs {topology.allowed_cpus:.80}, but only {topology.online_cpus:.80} are online"
        )


def _check_nodes(topology: Topology, noted: frozenset[str]) -> None:
    ids = [node.id for node in topology.nodes]
    if ids != sorted(set(ids)):
        raise BundleError(f"machine.json: memory nodes must be in ascending order, without duplicates: {ids!s:.80}")
    masks = [(node.id, parse_mask(node.cpus)) for node in topology.nodes]
    seen = 0
    for number, cpus in masks:
        if cpus & seen and "cpus_on_two_nodes" not in noted:
            raise BundleError(f"machine.json: memory node {number} has CPUs of another node")
        seen |= cpus
    if seen & ~parse_mask(topology.online_cpus):
        raise BundleError("machine.json: a memory node has CPUs that are not online")
    node_of = _find_nodes(masks, sum({1 << core.cpus[0] for core in topology.cores}))
    for core in topology.cores:
        node = node_of.get(core.cpus[0])
        if core.node != node:
            raise BundleError(f"machine.json: CPU {core.cpus[0]} is on node {core.node}, by the nodes' lists on {node}")
    if ids and parse_mask(topology.allowed_memory_nodes) & ~_join([tuple(ids)], "two nodes"):
        raise BundleError(f"machine.json allows memory nodes {topology.allowed_memory_nodes:.80}, but has {ids!s:.80}")


def _find_nodes(nodes: Iterable[tuple[int, int]], cpus: int) -> Mapping[int, int]:
    """Return CPU → the first node that lists it, for some CPUs."""
    found: dict[int, int] = {}
    for number, listed in nodes:
        found |= dict.fromkeys(_bits(listed & cpus), number)
        cpus &= ~listed
    return found


def _bits(mask: int) -> Iterator[int]:
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1


def _check_caches(topology: Topology) -> None:
    online = topology.online_cpus
    groups: list[int] = []
    for cache in topology.caches or ():
        for shared in cache.shared_by:
            if not shared or not contains(online, shared):
                raise BundleError(
                    f"machine.json: a cache of level {cache.level} is shared by CPUs {shared:.80}; online are {online:.80}"
                )
            if cache.level == 3:
                groups.append(parse_mask(shared))
    lowest = _find_lowest(groups, limit=_GROUPS_OF_CPU * topology.cpu_count)
    for core in topology.cores:
        found = lowest.get(core.cpus[0])
        if found and core.l3 is not None and core.l3 not in found:
            raise BundleError(
                f"machine.json: CPU {core.cpus[0]} shares a last-level cache with CPU {core.l3}, by the caches' lists with "
                f"{min(found)}"
            )


def _find_lowest(groups: Sequence[int], limit: int) -> Mapping[int, set[int]]:
    """Return CPU → lowest CPU of each group that it is in; nothing if groups overlap so much that they say nothing."""
    if sum(group.bit_count() for group in groups) > limit:
        return {}
    lowest: dict[int, set[int]] = {}
    for group in groups:
        first = (group & -group).bit_length() - 1
        for cpu in _bits(group):
            lowest.setdefault(cpu, set()).add(first)
    return lowest


def _check_identity(cpu: Cpu) -> None:
    x86 = (cpu.family, cpu.model, cpu.stepping)
    arm = (cpu.implementer, cpu.part, cpu.variant, cpu.revision)
    if any(number is not None for number in (arm if cpu.architecture == "x86_64" else x86)):
        raise BundleError(
            f"machine.json: an {cpu.architecture} CPU has numbers of the other architecture: {x86}, {arm}"
        )
    known = _NAME_FAMILIES.get(cpu.microarchitecture)
    stated = cpu.vendor, (known[1] if known is not None and cpu.family is None else cpu.family)
    if cpu.confidence == "identified" and known is not None and known != stated:
        raise BundleError(
            f"machine.json: {cpu.vendor!r:.40} family {cpu.family} is called {cpu.microarchitecture}, which is "
            f"{known[0]} family {known[1]}"
        )


def _check_flags(cpu: Cpu, *, guest: bool) -> None:
    flags = frozenset(cpu.isa)
    if len(flags) != len(cpu.isa) or list(cpu.isa) != sorted(cpu.isa):
        raise BundleError("machine.json: the CPU's flags are not sorted, or are repeated")
    foreign = flags & _FOREIGN_FLAGS[cpu.architecture]
    if foreign:
        raise BundleError(f"machine.json: an {cpu.architecture} CPU has the flags {' '.join(sorted(foreign))}")
    if not guest:
        _check_own_flags(cpu, flags)


def _check_own_flags(cpu: Cpu, flags: frozenset[str]) -> None:
    """Refuse flags that no CPU joins. A hypervisor may join any vendor, family and flags."""
    if "hypervisor" in flags:
        raise BundleError("machine.json: the CPU has the flag hypervisor, but the machine is not a guest")
    for flag, needed in _NEEDED_FLAGS.items():
        if flag in flags and needed not in flags:
            raise BundleError(f"machine.json: the CPU has the flag {flag} without {needed}, which it extends")
    for flag, vendors in _FLAG_VENDORS.items():
        if flag in flags and cpu.vendor not in vendors:
            raise BundleError(
                f"machine.json: a CPU of {cpu.vendor!r:.40} has the flag {flag}; only {', '.join(sorted(vendors))} have it"
            )
    maker = _FAMILY_VENDORS.get(cpu.family or 0)
    if maker is not None and cpu.vendor != maker:
        raise BundleError(f"machine.json: a CPU of {cpu.vendor!r:.40} has family {cpu.family}, which is of {maker}")


def _join(groups: Iterable[Sequence[int]], what: str) -> int:
    """Return the numbers of all groups as bits; refuse one that is in two of them.

    Raises:
        BundleError: a group is empty, or a number is in two groups, or out of range.
    """
    joined = 0
    for group in groups:
        if not group or not 0 <= min(group) <= max(group) <= MAX_CPU:
            raise BundleError(f"machine.json: {group!s:.80} are not CPUs")
        mask = sum({1 << number for number in group})
        if mask & joined or mask.bit_count() != len(group):
            raise BundleError(f"machine.json: a CPU of {group!s:.80} is on {what}")
        joined |= mask
    return joined
