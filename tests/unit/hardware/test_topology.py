from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.errors import MachineError
from bench.hardware.cpuinfo import parse_cpuinfo
from bench.hardware.topology import CoreSite, build_topology, read_cores, read_online_cpus
from bench.hardware.tree import Tree
from tests.builders import make_reason

CPU = "sys/devices/system/cpu"
NOTHING = parse_cpuinfo("")

Compose = Callable[[Mapping[str, str]], Path]


@pytest.mark.parametrize(
    ("files", "online"),
    [
        pytest.param({f"{CPU}/online": "0-2,5\n", f"{CPU}/cpu9/online": "1"}, {0, 1, 2, 5}, id="the list"),
        pytest.param(
            {f"{CPU}/cpu0/topology/core_id": "0", f"{CPU}/cpu1/online": "1"}, {0, 1}, id="CPU 0 has no switch"
        ),
        pytest.param({f"{CPU}/cpu0/topology/core_id": "0", f"{CPU}/cpu1/online": "0"}, {0}, id="one is switched off"),
        pytest.param({f"{CPU}/cpu0/x": "", f"{CPU}/cpu1/x": ""}, {0, 1}, id="no CPU has a switch, as in some guests"),
        pytest.param({f"{CPU}/online": "\n", f"{CPU}/cpu3/x": ""}, {3}, id="an empty list is ignored"),
        pytest.param({f"{CPU}/online": "x\n", f"{CPU}/cpu3/x": ""}, {3}, id="a broken list is ignored"),
    ],
)
def test_finds_the_online_cpus(compose: Compose, files: dict[str, str], online: set[int]) -> None:
    assert read_online_cpus(Tree(compose(files)), NOTHING, None) == online


def test_cpus_that_the_process_may_use_are_online_whatever_a_file_says(compose: Compose) -> None:
    tree = Tree(compose({f"{CPU}/online": "0-1\n"}))
    assert read_online_cpus(tree, NOTHING, frozenset({1, 6, 7})) == {0, 1, 6, 7}
    assert tree.missing == (make_reason("online_list_incomplete", online="0-1", usable="6-7"),)


def test_falls_back_to_cpuinfo(tmp_path: Path) -> None:
    info = parse_cpuinfo("processor : 0\n\nprocessor : 2\n")
    assert read_online_cpus(Tree(tmp_path), info, None) == {0, 2}


def test_no_cpu_at_all_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="are /sys and /proc mounted"):
        read_online_cpus(Tree(tmp_path), NOTHING, None)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        pytest.param("core_cpus_list", ("0,2\n", "1,3\n"), id="the new list"),
        pytest.param("thread_siblings_list", ("0,2\n", "1,3\n"), id="the old list"),
        pytest.param("core_cpus", ("5\n", "a\n"), id="the new mask"),
        pytest.param("thread_siblings", ("00000000,00000005\n", "00000000,0000000a\n"), id="the old mask"),
    ],
)
def test_finds_cores_by_any_of_the_kernels_files(compose: Compose, name: str, texts: tuple[str, str]) -> None:
    files = {f"{CPU}/cpu{cpu}/topology/{name}": texts[cpu % 2] for cpu in range(4)}
    files |= {f"{CPU}/cpu{cpu}/topology/physical_package_id": "8442\n" for cpu in range(4)}
    assert read_cores(Tree(compose(files)), NOTHING, frozenset(range(4))) == (
        CoreSite(cpus=(0, 2), package=8442),
        CoreSite(cpus=(1, 3), package=8442),
    )


def test_offline_siblings_do_not_count(compose: Compose) -> None:
    files = {f"{CPU}/cpu0/topology/core_cpus_list": "0-3\n", f"{CPU}/cpu0/topology/physical_package_id": "0\n"}
    assert read_cores(Tree(compose(files)), NOTHING, frozenset({0, 1}))[0].cpus == (0, 1)


def test_no_cpu_is_on_two_cores(compose: Compose) -> None:
    files = {f"{CPU}/cpu{cpu}/topology/core_cpus_list": text for cpu, text in enumerate(("0", "0-1", "1-2"))}
    cores = read_cores(Tree(compose(files)), NOTHING, frozenset({0, 1, 2}))
    assert [core.cpus for core in cores] == [(0,), (1,), (2,)]


def test_a_package_that_is_not_shown_is_identified_by_its_cpus(compose: Compose) -> None:
    files = {f"{CPU}/cpu{cpu}/topology/core_cpus_list": f"{cpu}" for cpu in range(4)}
    files |= {f"{CPU}/cpu{cpu}/topology/package_cpus_list": "0-1" if cpu < 2 else "2-3" for cpu in range(4)}
    cores = read_cores(Tree(compose(files)), NOTHING, frozenset(range(4)))
    assert [core.package for core in cores] == [0, 0, 2, 2]


def test_a_package_that_nothing_shows_is_zero_and_noted(compose: Compose) -> None:
    tree = Tree(compose({f"{CPU}/cpu0/topology/core_cpus_list": "0"}))
    assert read_cores(tree, NOTHING, frozenset({0}))[0].package == 0
    assert tree.missing == (make_reason("package_assumed"),)


def test_a_negative_package_number_is_the_kernels(compose: Compose) -> None:
    files = {f"{CPU}/cpu0/topology/core_cpus_list": "0", f"{CPU}/cpu0/topology/physical_package_id": "-1\n"}
    assert read_cores(Tree(compose(files)), NOTHING, frozenset({0}))[0].package == -1


def test_without_any_topology_cores_are_those_of_cpuinfo(tmp_path: Path) -> None:
    info = parse_cpuinfo(
        "".join(f"processor : {cpu}\nphysical id : {cpu // 4}\ncore id : {cpu % 2}\n\n" for cpu in range(8))
    )
    tree = Tree(tmp_path)
    cores = read_cores(tree, info, frozenset(range(8)))
    assert [core.cpus for core in cores] == [(0, 2), (1, 3), (4, 6), (5, 7)]
    assert [core.package for core in cores] == [0, 0, 1, 1]
    assert tree.missing == (make_reason("topology_from_cpuinfo"),)


def test_without_anything_each_cpu_is_a_core(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert [core.cpus for core in read_cores(tree, NOTHING, frozenset({0, 1}))] == [(0,), (1,)]
    assert tree.missing == (make_reason("topology_assumed"),)


@pytest.mark.parametrize(
    ("caches", "groups"),
    [
        pytest.param({"index3/level": "3", "index3/shared_cpu_list": "0-3"}, [0, 0, 0, 0], id="one L3"),
        pytest.param({"index3/level": "3", "index3/shared_cpu_map": "f"}, [0, 0, 0, 0], id="one L3, by its mask"),
        pytest.param({"index2/level": "2", "index2/shared_cpu_list": "0-3"}, [None] * 4, id="L2 is not L3"),
        pytest.param(
            {
                "index4/level": "4",
                "index4/shared_cpu_list": "0-3",
                "index3/level": "3",
                "index3/shared_cpu_list": "0-1",
            },
            [0, 0, 2, 2],
            id="L4 is not L3",
        ),
        pytest.param({"index3/level": "3"}, [None] * 4, id="an L3 that does not list its CPUs"),
        pytest.param({}, [None] * 4, id="no caches shown"),
    ],
)
def test_groups_cores_by_l3(compose: Compose, caches: dict[str, str], groups: list[int | None]) -> None:
    files = {f"{CPU}/cpu0/cache/{path}": text for path, text in caches.items()}
    files |= {f"{CPU}/cpu2/cache/{path}": text.replace("0-1", "2-3") for path, text in caches.items()}
    topology = build_topology(
        Tree(compose(files or {"x": ""})),
        sites=tuple(CoreSite(cpus=(cpu,), package=0) for cpu in range(4)),
        kinds={},
        nodes=(),
        online=frozenset(range(4)),
        allowed_cpus=frozenset(range(4)),
        allowed_nodes=frozenset(),
    )
    assert [core.l3 for core in topology.cores] == groups
    assert {core.node for core in topology.cores} == {None}
