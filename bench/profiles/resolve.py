"""Apply a profile to a machine: the instances of each layout, and what each is bound to.

The notes are complete: every usable CPU is bound to an instance, or a note says that it is idle and why.
"""

from dataclasses import replace

import msgspec

from bench.profiles.cores import UsableCpus, choose_slots
from bench.profiles.groups import Group, cpus_of, cut_threads, group_by_node, group_per, note_spanning, split_into
from bench.profiles.memory import choose_memory, note_without_cpus
from bench.profiles.overrides import Overrides, check_overrides, format_options, overrides_for, with_placement
from bench.profiles.quota import fit_quota
from bench.records.cpulist import format_cpulist
from bench.records.machine import Machine
from bench.records.profile import Binding, Layout, LayoutName, Profile, Runtime
from bench.records.reason import Reason


def resolve_layouts(
    profile: Profile, machine: Machine, names: tuple[LayoutName, ...], overrides: Overrides
) -> tuple[Layout, ...]:
    """Resolve a profile to layouts.

    One thread a physical core; SMT siblings are used only where `--cpus` names them. `latency` takes
    the NUMA node with most usable cores (the lowest of equals), `single_core` the lowest core of that
    node, `throughput` all, an instance for each node or L3 group as the profile says. A profile may have numbers of its
    own for a layout (`Placement`).

    Args:
        profile: What to apply; whether it fits the machine is `bench.profiles.match`'s question.
        machine: Where.
        names: The layouts wanted, in this order.
        overrides: What the user decides in the profile's place.

    Raises:
        UsageError: an override that this machine's cores cannot satisfy.
        EnvironmentUnfitError: an override beyond the cpuset or the quota; no core to run on.
    """
    check_overrides(overrides)
    return tuple(_resolve(name, profile, machine, overrides) for name in names)


def _resolve(name: LayoutName, profile: Profile, machine: Machine, overrides: Overrides) -> Layout:
    asked = overrides_for(overrides, name)
    placement = next((entry for entry in profile.placement if entry.layout == name), None)
    applied = with_placement(asked, placement)
    usable = choose_slots(machine, applied)
    notes = [*usable.notes, *_note_not_applied(overrides, asked, name)]
    if name == "throughput":
        per = applied.instance_per or profile.instance_per.value
        groups, added = split_into(usable, applied.instances) if applied.instances else group_per(usable, per)
    else:
        groups, added = _one_group(name, usable, named=applied.cpus is not None)
    notes += added
    if applied.threads is not None:
        groups, added = cut_threads(groups, applied.threads, usable.unit)
        notes += added
    groups, added = fit_quota(groups, machine.limits.cpu_quota, applied)
    notes += added + note_spanning(groups) + _note_siblings(groups)
    memory, added = choose_memory(groups, machine.topology, applied)
    notes += added + note_without_cpus(machine.topology, frozenset[int]().union(*memory))
    instances = (
        Binding(cpus=format_cpulist(group.cpus), memory_nodes=format_cpulist(nodes), threads=len(group.slots))
        for group, nodes in zip(groups, memory, strict=True)
    )
    return Layout(
        name=name,
        instances=tuple(instances),
        runtime=choose_runtime(profile, applied),
        notes=_without_repeats(notes),
        overridden=format_options(asked),
    )


def _without_repeats(notes: list[Reason]) -> tuple[Reason, ...]:
    """Return each note once: a reason holds a mapping, so that it has no hash."""
    return tuple(note for index, note in enumerate(notes) if note not in notes[:index])


def choose_runtime(profile: Profile, overrides: Overrides) -> Runtime:
    """Return the user's runtime and allocator, or else the profile's."""
    return msgspec.convert(
        {
            "openmp": overrides.openmp or profile.openmp.value,
            "allocator": overrides.allocator or profile.allocator.value,
        },
        Runtime,
    )


def _one_group(name: LayoutName, usable: UsableCpus, *, named: bool) -> tuple[tuple[Group, ...], list[Reason]]:
    if named and name == "latency":
        return (Group(label="--cpus", slots=usable.slots),), []
    nodes = group_by_node(usable.slots)
    best = max(nodes, key=lambda group: len(group.slots))
    if name == "single_core":
        first = min(best.slots, key=lambda slot: slot.cpu)
        return (replace(best, slots=(first,)),), []
    idle = cpus_of(nodes) - best.cpus
    if not idle:
        return (best,), []
    return (best,), [Reason(code="idle_other_nodes", values={"cpus": format_cpulist(idle), "used": best.label})]


def _note_not_applied(overrides: Overrides, applied: Overrides, name: LayoutName) -> list[Reason]:
    # `--instances 1` is what both layouts are, and `--threads 1` what single_core is: no need to say so.
    ignored = set(format_options(overrides)) - set(format_options(applied)) - {"--instances 1", "--threads 1"}
    values = {"layout": name, "options": " ".join(sorted(ignored))}
    return [Reason(code="options_not_applied", values=values)] if ignored else []


def _note_siblings(groups: tuple[Group, ...]) -> list[Reason]:
    slots = [slot for group in groups for slot in group.slots]
    idle = frozenset(cpu for slot in slots for cpu in slot.siblings) - cpus_of(groups)
    foreign = frozenset(cpu for slot in slots for cpu in slot.foreign_siblings)
    notes = [Reason(code="idle_siblings", values={"cpus": format_cpulist(idle)})] if idle else []
    if foreign:
        notes.append(Reason(code="siblings_of_others", values={"cpus": format_cpulist(foreign)}))
    return notes
