from collections.abc import Callable

import pytest

from bench.errors import EnvironmentUnfitError
from bench.profiles.cores import choose_slots
from bench.profiles.groups import group_by_node
from bench.profiles.memory import choose_memory, note_without_cpus
from bench.profiles.overrides import Overrides
from bench.records.machine import Machine
from bench.records.reason import Reason
from tests.builders import make_reason

Build = Callable[..., Machine]


def choose(machine: Machine, overrides: Overrides | None = None) -> tuple[list[set[int]], list[Reason]]:
    groups = group_by_node(choose_slots(machine, Overrides()).slots)
    chosen, notes = choose_memory(groups, machine.topology, overrides or Overrides())
    return [set(nodes) for nodes in chosen], notes


TWO = {"nodes": {0: 2, 1: 2}}


@pytest.mark.parametrize(
    ("fields", "chosen", "notes"),
    [
        pytest.param(TWO, [{0}, {1}], [], id="each its own node"),
        pytest.param({"nodes": {None: 2}}, [set()], [], id="no NUMA"),
        pytest.param(
            TWO | {"memory": {1: 0}},
            [{0}, {0}],
            [make_reason("memory_elsewhere", cpu_nodes="1", memory_nodes="0")],
            id="a node without memory",
        ),
        pytest.param(
            TWO | {"allowed": "0-1", "allowed_memory": "1"},
            [{1}],
            [make_reason("memory_elsewhere", cpu_nodes="0", memory_nodes="1")],
            id="a cpuset that keeps memory elsewhere",
        ),
        pytest.param(
            TWO | {"allowed": "0-1", "allowed_memory": "1-2", "memory": {2: 1}},
            [{1}],
            [make_reason("memory_elsewhere", cpu_nodes="0", memory_nodes="1")],
            id="elsewhere, on a node with CPUs before one without",
        ),
        pytest.param(
            TWO | {"allowed_memory": "2", "memory": {2: 1}},
            [{2}, {2}],
            [make_reason("memory_elsewhere", cpu_nodes="0-1", memory_nodes="2")],
            id="only on a node without CPUs",
        ),
        pytest.param(
            TWO | {"allowed_memory": ""},
            [set(), set()],
            [make_reason("memory_nodes_unknown")],
            id="not known",
        ),
        pytest.param(
            {"nodes": {None: 1, 0: 1}},
            [set(), {0}],
            [make_reason("memory_unbound", cpus="0")],
            id="a CPU on no node",
        ),
    ],
)
def test_memory_comes_from_the_nodes_of_the_cpus_or_a_note_says_otherwise(
    build_machine: Build, fields: dict[str, object], chosen: list[set[int]], notes: list[Reason]
) -> None:
    assert choose(build_machine(**fields)) == (chosen, notes)


def test_named_nodes_are_used_for_all_instances_and_distance_is_noted(build_machine: Build) -> None:
    assert choose(build_machine(**TWO), Overrides(memory_nodes=frozenset({1}))) == (
        [{1}, {1}],
        [make_reason("memory_named_elsewhere", cpu_nodes="0", memory_nodes="1")],
    )
    assert choose(build_machine(**TWO), Overrides(memory_nodes=frozenset({0, 1}))) == ([{0, 1}, {0, 1}], [])


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        pytest.param(TWO | {"allowed_memory": "0"}, "node 0", id="outside the cpuset"),
        pytest.param(TWO | {"memory": {1: 0}}, "node 0", id="without memory"),
        pytest.param({"nodes": {None: 2}}, "no node that can be named", id="no NUMA"),
    ],
)
def test_named_nodes_that_cannot_be_used_are_refused(build_machine: Build, fields: dict[str, object], may: str) -> None:
    with pytest.raises(EnvironmentUnfitError, match=f"--memory-nodes 1: this process may use the memory of {may}; "):
        choose(build_machine(**fields), Overrides(memory_nodes=frozenset({1})))


def test_memory_without_cpus_is_noted_unless_it_is_used(build_machine: Build) -> None:
    topology = build_machine(**TWO, memory={2: 1, 3: 0, 4: 1}).topology
    assert note_without_cpus(topology, {0, 1}) == [make_reason("memory_without_cpus", nodes="2,4")]
    assert note_without_cpus(topology, {2, 4}) == []
