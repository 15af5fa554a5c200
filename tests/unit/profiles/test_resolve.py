import re
from collections.abc import Callable
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import EnvironmentUnfitError, UsageError
from bench.profiles.cores import choose_slots
from bench.profiles.overrides import Overrides
from bench.profiles.resolve import resolve_layouts
from bench.records.cpulist import format_cpulist, parse_cpulist
from bench.records.machine import Machine
from bench.records.profile import LAYOUTS, Layout, LayoutName, Match, Profile, Setting
from tests.builders import make_reason

Build = Callable[..., Machine]


def profile(instance_per: str = "node") -> Profile:
    return Profile(
        name="mine",
        summary="A profile of a test",
        match=Match(architecture="x86_64"),
        instance_per=Setting(value=instance_per, source="a test", evidence="measured"),
        openmp=Setting(value="gnu", source="a test", evidence="measured"),
        allocator=Setting(value="system", source="a test", evidence="measured"),
    )


def resolve(machine: Machine, name: LayoutName, **overrides: object) -> Layout:
    (layout,) = resolve_layouts(profile(), machine, (name,), Overrides(**overrides))
    return layout


def bound(layout: Layout) -> list[tuple[str, int]]:
    return [(binding.cpus, binding.threads) for binding in layout.instances]


def test_layouts_come_in_the_order_asked_for(build_machine: Build) -> None:
    names: tuple[LayoutName, ...] = ("single_core", "latency")
    assert tuple(layout.name for layout in resolve_layouts(profile(), build_machine(), names, Overrides())) == names


@pytest.mark.parametrize(
    ("nodes", "best", "first"),
    [
        pytest.param({0: 2, 1: 2}, "0-1", "0", id="the lowest of equals"),
        pytest.param({0: 2, 1: 3}, "2-4", "2", id="the one with most cores"),
        pytest.param({7: 3, 2: 3}, "3-5", "3", id="lowest by id, not by place"),
    ],
)
def test_latency_and_single_core_take_one_node(
    build_machine: Build, nodes: dict[int, int], best: str, first: str
) -> None:
    machine = build_machine(nodes=nodes)
    assert [binding.cpus for binding in resolve(machine, "latency").instances] == [best]
    assert bound(resolve(machine, "single_core")) == [(first, 1)]


def test_throughput_fills_l3_groups_where_the_profile_says_so(build_machine: Build) -> None:
    (layout,) = resolve_layouts(profile("l3"), build_machine(nodes={0: 8}, l3=4), ("throughput",), Overrides())
    assert bound(layout) == [("0-3", 4), ("4-7", 4)]


def test_options_are_recorded_as_typed(build_machine: Build) -> None:
    machine = build_machine(nodes={0: 4, 1: 4})
    layout = resolve(
        machine, "throughput", instances=4, threads=1, cpus=frozenset(range(8)), memory_nodes=frozenset({0})
    )
    assert layout.overridden == ("--instances 4", "--threads 1", "--cpus 0-7", "--memory-nodes 0")


def test_options_that_a_layout_has_no_use_for_are_noted(build_machine: Build) -> None:
    machine = build_machine(nodes={0: 4})
    layout = resolve(machine, "single_core", instances=2, threads=2)
    assert layout.overridden == ()
    assert layout.notes == (
        make_reason("options_not_applied", layout="single_core", options="--instances 2 --threads 2"),
    )
    assert resolve(machine, "single_core", instances=1, threads=1).notes == ()


def test_latency_takes_all_named_cpus_across_nodes(build_machine: Build) -> None:
    machine = build_machine(nodes={0: 4, 1: 4}, smt="split")
    layout = resolve(machine, "latency", cpus=frozenset({0, 8, 4}))
    assert bound(layout) == [("0,4,8", 3)]
    assert make_reason("spans_nodes", instance="0", nodes="0-1") in layout.notes
    assert bound(resolve(machine, "latency", cpus=frozenset({0, 8, 4}), threads=2)) == [("0,8", 2)]


@pytest.mark.parametrize(
    ("name", "overrides", "error", "message"),
    [
        pytest.param("throughput", {"instances": 0}, UsageError, "--instances 0", id="no instance"),
        pytest.param("throughput", {"instances": 9}, UsageError, "--instances 9 is more than the 8", id="instances"),
        pytest.param("throughput", {"threads": 5}, UsageError, "--threads 5 is more than the 4", id="threads"),
        pytest.param("latency", {"threads": 5}, UsageError, "--threads 5 is more than the 4", id="threads of a node"),
        pytest.param("latency", {"cpus": frozenset({8})}, EnvironmentUnfitError, "--cpus 8.*only 0-7", id="CPUs"),
        pytest.param(
            "latency",
            {"memory_nodes": frozenset({2})},
            EnvironmentUnfitError,
            "--memory-nodes 2.*nodes 0-1",
            id="memory",
        ),
    ],
)
def test_refuses_more_than_there_is(
    build_machine: Build, name: LayoutName, overrides: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        resolve(build_machine(nodes={0: 4, 1: 4}), name, **overrides)


@st.composite
def machine_fields(draw: st.DrawFn) -> dict[str, object]:
    ids = draw(st.lists(st.integers(0, 20), min_size=1, max_size=5, unique=True))
    nodes: dict[int | None, int] = {number: draw(st.integers(1, 7)) for number in ids}
    if draw(st.integers(0, 9)) == 0:
        nodes = {None: sum(nodes.values())}
    smt = draw(st.sampled_from(["none", "split", "adjacent"]))
    total = sum(nodes.values())
    cpus = total if smt == "none" else 2 * total
    everything = st.frozensets(st.integers(0, cpus - 1), min_size=1)
    offline = draw(st.frozensets(st.integers(0, cpus - 1), max_size=cpus // 2))
    allowed = draw(st.none() | everything.filter(lambda chosen: bool(chosen - offline)))
    return {
        "nodes": nodes,
        "smt": smt,
        "l3": draw(st.sampled_from([None, 1, 2, 4, 100])),
        "memory": draw(st.dictionaries(st.integers(0, 25), st.sampled_from([0, 1]), max_size=3)),
        "offline": format_cpulist(offline),
        "allowed": None if allowed is None else format_cpulist(allowed),
        "allowed_memory": draw(st.none() | st.frozensets(st.integers(0, 25)).map(format_cpulist)),
        "quota": draw(st.none() | st.floats(0.1, 40)),
    }


OVERRIDES = st.builds(
    Overrides, instances=st.none() | st.integers(1, 12), threads=st.none() | st.integers(1, 6), cpus=st.none()
)


def check_layout(layout: Layout, machine: Machine) -> None:
    allowed = parse_cpulist(machine.topology.allowed_cpus) & parse_cpulist(machine.topology.online_cpus)
    seen: set[int] = set()
    for binding in layout.instances:
        cpus = parse_cpulist(binding.cpus)
        assert cpus <= allowed
        assert not cpus & seen
        assert 1 <= binding.threads <= len(cpus)
        assert parse_cpulist(binding.memory_nodes) <= parse_cpulist(machine.topology.allowed_memory_nodes)
        seen |= cpus
    quota = machine.limits.cpu_quota
    if quota is not None:
        assert sum(binding.threads for binding in layout.instances) <= max(1, floor(quota))
    assert all(len(seen.intersection(core.cpus)) <= 1 for core in machine.topology.cores)


def named_in_notes(layout: Layout) -> frozenset[int]:
    idle = [note for note in layout.notes if note.code.startswith("idle_") or note.code == "quota_cuts_threads"]
    return frozenset(cpu for note in idle for cpu in parse_cpulist(note.values["cpus"]))


@given(fields=machine_fields(), instance_per=st.sampled_from(["node", "l3"]))
def test_every_core_is_used_once_or_noted_as_idle(
    build_machine: Build, fields: dict[str, object], instance_per: str
) -> None:
    machine = build_machine(**fields)
    usable = {slot.cpu for slot in choose_slots(machine, Overrides()).slots}
    for layout in resolve_layouts(profile(instance_per), machine, LAYOUTS, Overrides()):
        check_layout(layout, machine)
        used = {cpu for binding in layout.instances for cpu in parse_cpulist(binding.cpus)}
        assert layout.name == "single_core" or usable <= used | named_in_notes(layout)


@given(fields=machine_fields(), overrides=OVERRIDES)
def test_what_the_user_wants_is_met_exactly_or_refused(
    build_machine: Build, fields: dict[str, object], overrides: Overrides
) -> None:
    machine = build_machine(**fields)
    usable = {slot.cpu for slot in choose_slots(machine, Overrides()).slots}
    try:
        (layout,) = resolve_layouts(profile(), machine, ("throughput",), overrides)
    except (UsageError, EnvironmentUnfitError) as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert re.search("--instances|--threads", refusal)
        return
    check_layout(layout, machine)
    assert overrides.instances in {None, len(layout.instances)}
    assert all(overrides.threads in {None, binding.threads} for binding in layout.instances)
    used = {cpu for binding in layout.instances for cpu in parse_cpulist(binding.cpus)}
    assert usable <= used | named_in_notes(layout)
