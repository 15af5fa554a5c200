from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.hardware.nodes import map_cpus_to_nodes, parse_total_memory, read_nodes
from bench.hardware.tree import Tree
from bench.records.machine import Node
from tests.builders import make_reason

NODE = "sys/devices/system/node"
MEMORY = "Node 0 MemTotal:         1024 kB\nNode 0 MemFree:          12 kB\n"

Compose = Callable[[Mapping[str, str]], Path]


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        pytest.param({"cpulist": "0-3,8\n"}, "0-3", id="the list, less CPUs that are offline"),
        pytest.param({"cpumap": "00000000,0000000c\n"}, "2-3", id="the mask"),
        pytest.param({"cpu1/x": "", "cpu3/x": "", "cpufreq/x": ""}, "1,3", id="links to the CPUs"),
        pytest.param({"cpulist": "\n"}, "", id="a node without CPUs"),
    ],
)
def test_reads_a_nodes_cpus(compose: Compose, files: dict[str, str], cpus: str) -> None:
    root = compose({f"{NODE}/node5/{name}": text for name, text in {**files, "meminfo": MEMORY}.items()})
    assert read_nodes(Tree(root), frozenset(range(4))) == (Node(id=5, cpus=cpus, memory_bytes=1 << 20),)


def test_nodes_may_be_sparse_and_are_sorted(compose: Compose) -> None:
    root = compose({f"{NODE}/node{node}/cpulist": f"{node}" for node in (72, 0, 9)})
    assert [node.id for node in read_nodes(Tree(root), frozenset(range(80)))] == [0, 9, 72]


def test_memory_that_is_not_shown_is_none_and_noted(compose: Compose) -> None:
    tree = Tree(compose({f"{NODE}/node0/cpulist": "0"}))
    assert read_nodes(tree, frozenset({0}))[0].memory_bytes is None
    assert tree.missing == (make_reason("node_memory_unknown", node="0"),)


def test_cpus_that_are_not_shown_are_noted(compose: Compose) -> None:
    tree = Tree(compose({f"{NODE}/node0/meminfo": MEMORY}))
    assert read_nodes(tree, frozenset({0}))[0].cpus == ""
    assert tree.missing == (make_reason("node_cpus_unknown", node="0"),)


def test_a_kernel_without_numa_has_no_nodes(tmp_path: Path) -> None:
    assert read_nodes(Tree(tmp_path), frozenset({0})) == ()


def test_a_cpu_on_two_nodes_is_on_the_lower_and_noted(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    nodes = {1: frozenset({2, 3, 4}), 0: frozenset({0, 1, 2})}
    assert map_cpus_to_nodes(tree, nodes, frozenset(range(5))) == {0: 0, 1: 0, 2: 0, 3: 1, 4: 1}
    assert tree.missing == (make_reason("cpus_on_two_nodes", cpus="2", node="1"),)


def test_a_cpu_on_no_node_is_noted(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert map_cpus_to_nodes(tree, {1: frozenset({1})}, frozenset({0, 1})) == {1: 1}
    assert tree.missing == (make_reason("cpus_on_no_node", cpus="0"),)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("MemTotal:       24682416 kB\n", 25_274_793_984),
        ("Node 3 MemTotal:  0 kB", 0),
        ("MemFree: 1 kB", None),
        ("", None),
    ],
)
def test_reads_total_memory(text: str, size: int | None) -> None:
    assert parse_total_memory(text) == size
