from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.hardware.cpuinfo import CpuInfo, parse_cpuinfo
from bench.hardware.kinds import find_lead, read_arm_kinds, read_kinds, read_x86_kinds, split_by_speed
from bench.hardware.tree import Tree
from tests.builders import make_reason

CPU = "sys/devices/system/cpu"
FOUR = ((0,), (1,), (2,), (3,))

Compose = Callable[[Mapping[str, str]], Path]


def arm(*parts: str) -> CpuInfo:
    block = "processor : {}\nCPU implementer : 0x41\nCPU part : {}\n\n"
    return parse_cpuinfo("".join(block.format(cpu, part) for cpu, part in enumerate(parts)))


def capacities(*values: int) -> dict[str, str]:
    return {f"{CPU}/cpu{cpu}/cpu_capacity": f"{value}\n" for cpu, value in enumerate(values)}


def test_arm_cores_of_two_parts_are_ranked_by_capacity(compose: Compose) -> None:
    tree = Tree(compose(capacities(718, 997, 731, 1024)))
    kinds = read_arm_kinds(tree, FOUR, arm("0xd87", "0xd85", "0xd87", "0xd85"))
    assert kinds == {0: "efficiency", 1: "performance", 2: "efficiency", 3: "performance"}
    assert find_lead(kinds) == 1


def test_arm_cores_of_one_part_are_of_one_kind_whatever_their_capacities(compose: Compose) -> None:
    tree = Tree(compose(capacities(512, 1024, 512, 1024)))
    assert set(read_arm_kinds(tree, FOUR, arm(*["0xd0c"] * 4)).values()) == {"uniform"}


def test_arm_parts_of_equal_capacity_are_not_ranked(compose: Compose) -> None:
    tree = Tree(compose(capacities(1024, 1024, 1024, 1024)))
    assert set(read_arm_kinds(tree, FOUR, arm("0xd87", "0xd85", "0xd87", "0xd85")).values()) == {"uniform"}
    assert tree.missing == (make_reason("core_speeds_unknown"),)


def test_arm_parts_are_read_from_the_register_where_cpuinfo_lacks_them(compose: Compose) -> None:
    files = {
        f"{CPU}/cpu{cpu}/regs/identification/midr_el1": f"0x00000000410f{part}0\n"
        for cpu, part in enumerate(("d87", "d85", "d87", "d85"))
    }
    tree = Tree(compose({**files, **capacities(700, 1024, 700, 1024)}))
    assert read_arm_kinds(tree, FOUR, parse_cpuinfo(""))[0] == "efficiency"


def test_arm_without_any_part_is_ranked_by_capacity(compose: Compose) -> None:
    tree = Tree(compose(capacities(400, 400, 1000, 1024)))
    kinds = read_arm_kinds(tree, FOUR, parse_cpuinfo(""))
    assert kinds == {0: "efficiency", 1: "efficiency", 2: "performance", 3: "performance"}


def test_x86_kinds_are_the_kernels_where_it_lists_them(compose: Compose) -> None:
    tree = Tree(compose({"sys/devices/cpu_core/cpus": "0-3\n", "sys/devices/cpu_atom/cpus": "4-5\n"}))
    kinds = read_x86_kinds(tree, ((0, 1), (2, 3), (4,), (5,)), {}, hybrid=False)
    assert kinds == {0: "performance", 2: "performance", 4: "efficiency", 5: "efficiency"}


def test_low_power_cores_are_efficiency_cores(compose: Compose) -> None:
    files = {"cpu_core": "0", "cpu_atom": "1-2", "cpu_lowpower": "3"}
    tree = Tree(compose({f"sys/devices/{name}/cpus": text for name, text in files.items()}))
    assert read_x86_kinds(tree, FOUR, {}, hybrid=True)[3] == "efficiency"


def test_x86_efficiency_cores_are_recognized_by_a_shared_l2(compose: Compose) -> None:
    files = {f"{CPU}/cpu{cpu}/cache/index2/level": "2" for cpu in range(4)}
    files |= {f"{CPU}/cpu{cpu}/cache/index2/shared_cpu_list": f"{cpu}" if cpu < 2 else "2-3" for cpu in range(4)}
    kinds = read_x86_kinds(Tree(compose(files)), FOUR, {}, hybrid=True)
    assert kinds == {0: "performance", 1: "performance", 2: "efficiency", 3: "efficiency"}


def test_x86_efficiency_cores_are_recognized_last_by_frequency(tmp_path: Path) -> None:
    frequencies = {0: 5_000_000, 1: 4_800_000, 2: 3_900_000, 3: 3_900_000}
    kinds = read_x86_kinds(Tree(tmp_path), FOUR, frequencies, hybrid=True)
    assert kinds == {0: "performance", 1: "performance", 2: "efficiency", 3: "efficiency"}


def test_favoured_cores_of_a_server_are_no_kind_of_their_own(tmp_path: Path) -> None:
    frequencies = {0: 5_000_000, 1: 3_900_000, 2: 3_900_000, 3: 3_900_000}
    assert set(read_x86_kinds(Tree(tmp_path), FOUR, frequencies, hybrid=False).values()) == {"uniform"}


@pytest.mark.parametrize(
    ("family", "model", "kinds"), [(6, 154, {"performance", "efficiency"}), (6, 143, {"uniform"})], ids=["12th", "SPR"]
)
def test_only_hybrid_parts_are_looked_at_closely(tmp_path: Path, family: int, model: int, kinds: set[str]) -> None:
    info = parse_cpuinfo(f"processor : 0\nvendor_id : GenuineIntel\ncpu family : {family}\nmodel : {model}\n")
    found = read_kinds(Tree(tmp_path), FOUR, info, {0: 5_000_000, 1: 5_000_000, 2: 3_000_000, 3: 3_000_000})
    assert set(found.values()) == kinds


@pytest.mark.parametrize(
    ("speeds", "kinds"),
    [
        pytest.param({0: 100, 1: 90}, ["uniform", "uniform"], id="a small difference"),
        pytest.param({0: 100}, ["uniform", "uniform"], id="not known of every core"),
        pytest.param({0: 100, 1: 80}, ["performance", "efficiency"], id="a clear difference"),
    ],
)
def test_splits_by_a_clear_difference_only(speeds: dict[int, int], kinds: list[str]) -> None:
    assert list(split_by_speed(speeds, (0, 1)).values()) == kinds


def test_a_uniform_machine_has_no_lead() -> None:
    assert find_lead({0: "uniform", 1: "uniform"}) is None
