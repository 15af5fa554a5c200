from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.hardware.cgroup import Cgroups
from bench.hardware.limits import find_container, read_allowed_cpus, read_allowed_nodes, read_limits
from bench.hardware.process import Process
from bench.hardware.tree import Tree
from bench.records.machine import Node
from tests.builders import make_reason

STATUS = "Name:\tx\nCpus_allowed:\tf\nCpus_allowed_list:\t2-9\nMems_allowed_list:\t1\n"
NODES = (
    Node(id=0, cpus="0-3", memory_bytes=100),
    Node(id=1, cpus="4-7", memory_bytes=None),
    Node(id=2, cpus="", memory_bytes=0),
)
ONLINE = frozenset(range(8))
RECORDED = Process(architecture="x86_64")

Compose = Callable[[Mapping[str, str]], Path]


def test_the_schedulers_answer_holds(compose: Compose) -> None:
    tree = Tree(compose({"proc/self/status": STATUS}))
    process = Process(architecture="x86_64", affinity=frozenset({1}))
    assert read_allowed_cpus(tree, process, Cgroups(tree), ONLINE) == {1}


def test_a_recorded_status_may_name_offline_cpus(compose: Compose) -> None:
    tree = Tree(compose({"proc/self/status": STATUS}))
    assert read_allowed_cpus(tree, RECORDED, Cgroups(tree), ONLINE) == set(range(2, 8))
    assert read_allowed_nodes(tree, Cgroups(tree), NODES) == {1}


def test_a_tree_that_does_not_say_allows_all(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert read_allowed_cpus(tree, RECORDED, Cgroups(tree), ONLINE) == ONLINE
    assert tree.missing == ()


def test_memory_is_allowed_only_where_there_is_some(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert read_allowed_nodes(tree, Cgroups(tree), NODES) == {0, 1}


def test_allowed_and_online_cpus_without_a_common_one_are_noted(compose: Compose) -> None:
    tree = Tree(compose({"proc/self/status": STATUS.replace("2-9", "100")}))
    assert read_allowed_cpus(tree, RECORDED, Cgroups(tree), ONLINE) == ONLINE
    assert tree.missing == (make_reason("no_allowed_cpu_online"),)


def test_a_broken_status_is_noted(compose: Compose) -> None:
    tree = Tree(compose({"proc/self/status": STATUS.replace("2-9", "9-2")}))
    assert read_allowed_cpus(tree, RECORDED, Cgroups(tree), ONLINE) == ONLINE
    assert tree.missing == (make_reason("not_a_cpu_list", path="proc/self/status Cpus_allowed_list", text="9-2"),)


@pytest.mark.parametrize(
    ("files", "nodes", "total"),
    [
        pytest.param({"proc/meminfo": "MemTotal: 2 kB\n"}, NODES, 2048, id="the machine's own number"),
        pytest.param({}, NODES[:1], 100, id="the sum of the nodes"),
        pytest.param({}, NODES, None, id="a node of unknown size"),
        pytest.param({}, (), None, id="nothing"),
    ],
)
def test_reads_the_machines_memory(
    compose: Compose, files: dict[str, str], nodes: tuple[Node, ...], total: int | None
) -> None:
    tree = Tree(compose({"x": "", **files}))
    assert read_limits(tree, Cgroups(tree), nodes).total_memory_bytes == total
    assert bool(tree.missing) == (total is None)


@pytest.mark.parametrize(
    ("files", "groups", "container"),
    [
        pytest.param({}, ["/"], None, id="none"),
        pytest.param({".dockerenv": ""}, ["/"], "docker", id="docker, in a namespace"),
        pytest.param({}, ["/docker/0123"], "docker", id="docker, by its group"),
        pytest.param({}, ["/system.slice/docker-0123.scope"], "docker", id="docker under systemd"),
        pytest.param({"run/.containerenv": ""}, [], "podman", id="podman"),
        pytest.param({}, ["/machine.slice/libpod-0123.scope"], "podman", id="podman, by its group"),
        pytest.param({".dockerenv": ""}, ["/kubepods/burstable/pod1/2"], "kubernetes", id="a pod on docker"),
        pytest.param(
            {"var/run/secrets/kubernetes.io/x": "", ".dockerenv": ""}, ["/"], "kubernetes", id="a pod, by its secret"
        ),
        pytest.param({}, ["/lxc/box"], "lxc", id="lxc"),
        pytest.param({".singularity.d/x": ""}, ["/user.slice"], "apptainer", id="apptainer"),
        pytest.param({"run/systemd/container": "systemd-nspawn\n"}, ["/"], "systemd-nspawn", id="by systemd's word"),
    ],
)
def test_names_the_container(compose: Compose, files: dict[str, str], groups: list[str], container: str | None) -> None:
    assert find_container(Tree(compose({"x": "", **files})), groups) == container
