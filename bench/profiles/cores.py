"""The logical CPUs that a layout may use: one of each physical core, the performance cores of hybrid parts."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.errors import EnvironmentUnfitError, MachineError
from bench.profiles.overrides import Overrides
from bench.records.cpulist import format_cpulist, parse_cpulist
from bench.records.machine import Core, Machine
from bench.records.reason import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A logical CPU that one thread gets for itself.

    Attributes:
        cpu: Its number.
        node: NUMA node; None if the kernel puts it on none.
        l3: Names its L3 group; None if unknown.
        siblings: The other CPUs of the same core that this process may use.
        foreign_siblings: Those that it may not use, but others may.
    """

    cpu: int
    node: int | None
    l3: int | None
    siblings: frozenset[int]
    foreign_siblings: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsableCpus:
    """The CPUs that layouts are assembled from.

    Attributes:
        slots: By node, then L3 group, then number, so that neighbours in the list share caches and memory.
        unit: What a slot is to a reader: `core`, or `CPU` where the user named CPUs.
        notes: How they were chosen.
    """

    slots: tuple[Slot, ...]
    unit: str
    notes: tuple[Reason, ...]


def choose_slots(machine: Machine, overrides: Overrides) -> UsableCpus:
    """Choose the CPUs that may be used.

    Without `--cpus` it is the lowest allowed CPU of every core; on hybrid parts of the performance
    cores only, unless no other is allowed. With siblings it is each allowed CPU of these cores. With `--cpus` it is
    exactly the CPUs named.

    Raises:
        MachineError: nothing is left to use.
        EnvironmentUnfitError: `--cpus` names CPUs that this process may not use.
    """
    topology = machine.topology
    online = parse_cpulist(topology.online_cpus)
    allowed = parse_cpulist(topology.allowed_cpus) & online
    if overrides.cpus is not None:
        return _choose_named(topology.cores, allowed, overrides.cpus)
    cores = [core for core in topology.cores if allowed.intersection(core.cpus)]
    if not cores:
        raise MachineError(
            f"no core to run on: allowed CPUs {format_cpulist(allowed) or 'none'}, online "
            f"{format_cpulist(online) or 'none'}; widen --cpuset-cpus or taskset, and see that /sys is mounted"
        )
    used = [core for core in cores if core.kind != "efficiency"] or cores
    notes = _note_allowed(cores, allowed, online) + _note_hybrid(cores, used, allowed)
    without_core = allowed - _cpus_of(cores)
    if without_core:
        notes.append(Reason(code="idle_without_core", values={"cpus": format_cpulist(without_core)}))
    if overrides.siblings == "on":
        slots = [_slot(core, cpu, allowed) for core in used for cpu in allowed.intersection(core.cpus)]
        return UsableCpus(slots=_in_order(slots), unit="CPU", notes=tuple(notes))
    slots = [_slot(core, min(allowed.intersection(core.cpus)), allowed) for core in used]
    return UsableCpus(slots=_in_order(slots), unit="core", notes=tuple(notes))


def _choose_named(cores: tuple[Core, ...], allowed: frozenset[int], named: frozenset[int]) -> UsableCpus:
    if not named <= allowed:
        raise EnvironmentUnfitError(
            f"--cpus {format_cpulist(named)}: this process may use only {format_cpulist(allowed) or 'none'}; "
            "name some of those, or widen --cpuset-cpus or taskset"
        )
    notes = [Reason(code="cpus_named_by_user")]
    shared = frozenset(
        cpu for core in cores if len(named.intersection(core.cpus)) > 1 for cpu in named.intersection(core.cpus)
    )
    if shared:
        notes.append(Reason(code="siblings_named_by_user", values={"cpus": format_cpulist(shared)}))
    owner = {cpu: core for core in cores for cpu in core.cpus}
    slots = (_slot(owner.get(cpu), cpu, allowed) for cpu in named)
    return UsableCpus(slots=_in_order(slots), unit="CPU", notes=tuple(notes))


def _slot(core: Core | None, cpu: int, allowed: frozenset[int]) -> Slot:
    if core is None:
        return Slot(cpu=cpu, node=None, l3=None, siblings=frozenset(), foreign_siblings=frozenset())
    others = frozenset(core.cpus) - {cpu}
    return Slot(
        cpu=cpu,
        node=core.node,
        l3=core.l3,
        siblings=others & allowed,
        foreign_siblings=others - allowed,
    )


def _in_order(slots: Iterable[Slot]) -> tuple[Slot, ...]:
    def place(slot: Slot) -> tuple[int, int, int]:
        return (-1 if slot.node is None else slot.node, -1 if slot.l3 is None else slot.l3, slot.cpu)

    return tuple(sorted(slots, key=place))


def _cpus_of(cores: Iterable[Core]) -> frozenset[int]:
    return frozenset(cpu for core in cores for cpu in core.cpus)


def _note_allowed(cores: Iterable[Core], allowed: frozenset[int], online: frozenset[int]) -> list[Reason]:
    if allowed == online:
        return []
    values = {"allowed": format_cpulist(allowed), "online_count": str(len(online))}
    nodes = {core.node for core in cores if core.node is not None}
    if len(nodes) > 1:
        return [Reason(code="cpus_allowed_across_nodes", values=values | {"nodes": format_cpulist(nodes)})]
    return [Reason(code="cpus_allowed", values=values)]


def _note_hybrid(cores: list[Core], used: list[Core], allowed: frozenset[int]) -> list[Reason]:
    if len(used) < len(cores):
        idle = (_cpus_of(cores) - _cpus_of(used)) & allowed
        return [Reason(code="idle_efficiency_cores", values={"cpus": format_cpulist(idle)})]
    if any(core.kind == "efficiency" for core in used):
        return [Reason(code="only_efficiency_cores_allowed")]
    return []
