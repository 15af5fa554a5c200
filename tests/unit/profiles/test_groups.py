import pytest

from bench.errors import UsageError
from bench.profiles.cores import Slot, UsableCpus
from bench.profiles.groups import (
    Group,
    cpus_of,
    cut_threads,
    group_by_l3,
    group_by_node,
    group_per,
    note_spanning,
    split_into,
)
from bench.records.reason import Reason
from tests.builders import make_reason


def usable(*places: tuple[int | None, int | None]) -> UsableCpus:
    slots = tuple(
        Slot(cpu=cpu, node=node, l3=l3, siblings=frozenset(), foreign_siblings=frozenset())
        for cpu, (node, l3) in enumerate(places)
    )
    return UsableCpus(slots=slots, unit="core", notes=())


def nodes(*sizes: int) -> UsableCpus:
    return usable(*[(node, 0) for node, size in enumerate(sizes) for _ in range(size)])


def members(groups: tuple[Group, ...]) -> list[set[int]]:
    return [set(group.cpus) for group in groups]


def test_groups_by_node_with_those_on_none_apart() -> None:
    groups = group_by_node(usable((None, 0), (0, 0), (4, 0), (4, 0)).slots)
    assert [group.label for group in groups] == ["no node", "node 0", "node 4"]
    assert members(groups) == [{0}, {1}, {2, 3}]


def test_an_l3_group_never_crosses_nodes() -> None:
    groups = group_by_l3(usable((0, 0), (0, 0), (1, 0), (1, 3)).slots)
    assert members(groups) == [{0, 1}, {2}, {3}]


def test_l3_becomes_node_where_a_cache_is_unknown() -> None:
    groups, notes = group_per(usable((0, 0), (0, None)), "l3")
    assert members(groups) == [{0, 1}]
    assert notes == [make_reason("l3_unknown")]


def test_groups_of_unequal_size_are_noted_by_what_they_lack() -> None:
    _, notes = group_per(nodes(5, 4, 2, 4), "node")
    assert notes == [
        make_reason("fewer_cpus", groups="node 1, node 3", fewer="1", unit="core", largest="node 0"),
        make_reason("fewer_cpus", groups="node 2", fewer="3", unit="core", largest="node 0"),
    ]


@pytest.mark.parametrize(
    ("sizes", "instances", "wanted", "notes"),
    [
        pytest.param((4, 4), 2, [{0, 1, 2, 3}, {4, 5, 6, 7}], [], id="one a node"),
        pytest.param((4, 4), 4, [{0, 1}, {2, 3}, {4, 5}, {6, 7}], [], id="two a node"),
        pytest.param(
            (3, 3),
            4,
            [{0}, {1}, {3}, {4}],
            [make_reason("idle_by_division", cpus="2,5", total="6", unit="core", instances="4")],
            id="within nodes though some stay over",
        ),
        pytest.param((4, 4), 1, [set(range(8))], [], id="one over all nodes"),
        pytest.param(
            (4, 4),
            3,
            [{0, 1}, {2, 3}, {4, 5}],
            [make_reason("idle_by_division", cpus="6-7", total="8", unit="core", instances="3")],
            id="over all where nodes do not divide",
        ),
        pytest.param((3, 1), 4, [{0}, {1}, {2}, {3}], [], id="over all where a node is too small"),
        pytest.param(
            (3, 2),
            2,
            [{0, 1, 2}, {3, 4}],
            [make_reason("fewer_cpus", groups="instance 1", fewer="1", unit="core", largest="instance 0")],
            id="nodes of unequal size",
        ),
    ],
)
def test_splits_as_the_user_wants(
    sizes: tuple[int, ...], instances: int, wanted: list[set[int]], notes: list[Reason]
) -> None:
    groups, found_notes = split_into(nodes(*sizes), instances)
    assert members(groups) == wanted
    assert found_notes == notes


def test_more_instances_than_cores_are_refused() -> None:
    with pytest.raises(UsageError, match="--instances 9 is more than the 8 usable cores; at most 8 can run"):
        split_into(nodes(4, 4), 9)


def test_threads_cut_each_group_to_its_first_cpus() -> None:
    groups, notes = cut_threads(group_by_node(nodes(4, 4).slots), 3, "core")
    assert members(groups) == [{0, 1, 2}, {4, 5, 6}]
    assert notes == [make_reason("idle_by_threads_option", cpus="3,7", threads="3")]
    assert cut_threads(groups, 3, "core") == (groups, [])


def test_more_threads_than_cores_are_refused() -> None:
    with pytest.raises(UsageError, match="--threads 4 is more than the 3 usable cores of node 1; lower it"):
        cut_threads(group_by_node(nodes(4, 3).slots), 4, "core")


def test_instances_across_nodes_are_noted() -> None:
    groups, _ = split_into(nodes(2, 2, 2), 2)
    assert note_spanning(groups) == [
        make_reason("spans_nodes", instance="0", nodes="0-1"),
        make_reason("spans_nodes", instance="1", nodes="1-2"),
    ]
    assert note_spanning(group_by_node(nodes(2, 2).slots)) == []
    assert cpus_of(groups) == frozenset(range(6))
