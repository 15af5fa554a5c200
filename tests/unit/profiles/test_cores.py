from collections.abc import Callable

import pytest
from msgspec.structs import replace

from bench.errors import EnvironmentUnfitError, MachineError
from bench.profiles.cores import choose_slots
from bench.profiles.overrides import Overrides
from bench.records.machine import Machine
from tests.builders import make_reason

Build = Callable[..., Machine]


def cpus(machine: Machine, named: set[int] | None = None) -> list[int]:
    overrides = Overrides(cpus=None if named is None else frozenset(named))
    return [slot.cpu for slot in choose_slots(machine, overrides).slots]


@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        pytest.param({}, [0, 1], id="all cores of a guest"),
        pytest.param({"nodes": {0: 4}, "smt": "split"}, [0, 1, 2, 3], id="first CPUs where siblings come after all"),
        pytest.param({"nodes": {0: 4}, "smt": "adjacent"}, [0, 2, 4, 6], id="first CPUs where siblings are adjacent"),
        pytest.param({"nodes": {0: 4}, "smt": "split", "allowed": "1,4-5"}, [1, 4], id="the lowest allowed of a core"),
        pytest.param({"nodes": {0: 4}, "offline": "1"}, [0, 2, 3], id="none that is offline"),
        pytest.param({"nodes": {0: 4}, "allowed": "2-9"}, [2, 3], id="none that is allowed but not there"),
        pytest.param({"nodes": {0: 4}, "smt": "adjacent", "efficiency": 2}, [0, 2], id="performance cores"),
        pytest.param(
            {"nodes": {0: 4}, "smt": "adjacent", "efficiency": 2, "allowed": "4-5"}, [4, 5], id="efficiency cores alone"
        ),
        pytest.param({"nodes": {5: 2, 3: 2}}, [2, 3, 0, 1], id="by node before number"),
    ],
)
def test_takes_one_cpu_of_each_core(build_machine: Build, fields: dict[str, object], chosen: list[int]) -> None:
    assert cpus(build_machine(**fields)) == chosen


def test_distinguishes_siblings_left_idle_from_those_that_others_may_use(build_machine: Build) -> None:
    machine = build_machine(nodes={0: 2}, smt="split", allowed="0-2")
    slots = choose_slots(machine, Overrides()).slots
    assert [(slot.siblings, slot.foreign_siblings) for slot in slots] == [
        (frozenset({2}), frozenset()),
        (frozenset(), frozenset({3})),
    ]


def test_a_cpu_without_a_core_is_noted_as_idle(build_machine: Build) -> None:
    whole = build_machine()
    machine = replace(whole, topology=replace(whole.topology, cores=whole.topology.cores[:1]))
    assert choose_slots(machine, Overrides()).notes == (make_reason("idle_without_core", cpus="1"),)
    assert cpus(machine, {1}) == [1]


@pytest.mark.parametrize("allowed", ["", "7"], ids=["nothing is allowed", "what is allowed is not there"])
def test_no_core_at_all_is_an_error(build_machine: Build, allowed: str) -> None:
    with pytest.raises(MachineError, match=r"no core to run on: allowed CPUs none, online 0-1; widen --cpuset-cpus"):
        choose_slots(build_machine(allowed=allowed), Overrides())


def test_named_cpus_are_taken_exactly_siblings_included(build_machine: Build) -> None:
    machine = build_machine(nodes={0: 4}, smt="split")
    usable = choose_slots(machine, Overrides(cpus=frozenset({0, 4, 3})))
    assert [slot.cpu for slot in usable.slots] == [0, 3, 4]
    assert usable.notes == (
        make_reason("cpus_named_by_user"),
        make_reason("siblings_named_by_user", cpus="0,4"),
    )


def test_named_cpus_that_are_not_allowed_are_refused(build_machine: Build) -> None:
    with pytest.raises(EnvironmentUnfitError) as caught:
        choose_slots(build_machine(nodes={0: 8}, allowed="0-3"), Overrides(cpus=frozenset({2, 3, 4})))
    assert caught.value.exit_code == 7
    assert str(caught.value) == (
        "--cpus 2-4: this process may use only 0-3; name some of those, or widen --cpuset-cpus or taskset"
    )
