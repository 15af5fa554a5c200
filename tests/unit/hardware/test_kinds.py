from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.hardware.cpuinfo import CpuInfo, parse_cpuinfo
from bench.hardware.kinds import find_lead, read_arm_kinds, read_hybrid_kinds, read_kinds, split_by_speed
from bench.hardware.tree import Tree
from tests.builders import make_reason

CPU = "sys/devices/system/cpu"
FOUR = ((0,), (1,), (2,), (3,))

Compose = Callable[[Mapping[str, str]], Path]


def arm(*parts: str) -> CpuInfo:
    block = "processor : {}\nCPU implementer : 0x41\nCPU part : {}\n\n"
    return parse_cpuinfo("".join(block.format(cpu, part) for cpu, part in enumerate(parts)))


def amd(family: int, model: int) -> CpuInfo:
    return parse_cpuinfo(f"processor : 0\nvendor_id : AuthenticAMD\ncpu family : {family}\nmodel : {model}\n")


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


@pytest.mark.parametrize("cpuinfo", ["", "cpu family : 6\nmodel : 143\n"], ids=["without cpuinfo", "an unlisted part"])
def test_x86_kinds_are_the_kernels_where_it_lists_them(compose: Compose, cpuinfo: str) -> None:
    tree = Tree(compose({"sys/devices/cpu_core/cpus": "0-3\n", "sys/devices/cpu_atom/cpus": "4-5\n"}))
    kinds = read_kinds(tree, ((0, 1), (2, 3), (4,), (5,)), parse_cpuinfo(cpuinfo), {})
    assert kinds == {0: "performance", 2: "performance", 4: "efficiency", 5: "efficiency"}


def test_low_power_cores_are_efficiency_cores(compose: Compose) -> None:
    files = {"cpu_core": "0", "cpu_atom": "1-2", "cpu_lowpower": "3"}
    tree = Tree(compose({f"sys/devices/{name}/cpus": text for name, text in files.items()}))
    assert read_kinds(tree, FOUR, parse_cpuinfo(""), {})[3] == "efficiency"


def test_x86_efficiency_cores_are_recognized_by_a_shared_l2(compose: Compose) -> None:
    files = {f"{CPU}/cpu{cpu}/cache/index2/level": "2" for cpu in range(4)}
    files |= {f"{CPU}/cpu{cpu}/cache/index2/shared_cpu_list": f"{cpu}" if cpu < 2 else "2-3" for cpu in range(4)}
    kinds = read_hybrid_kinds(Tree(compose(files)), FOUR, {})
    assert kinds == {0: "performance", 1: "performance", 2: "efficiency", 3: "efficiency"}


def test_x86_efficiency_cores_are_recognized_by_frequency(tmp_path: Path) -> None:
    frequencies = {0: 5_000_000, 1: 4_800_000, 2: 3_900_000, 3: 3_900_000}
    kinds = read_hybrid_kinds(Tree(tmp_path), FOUR, frequencies)
    assert kinds == {0: "performance", 1: "performance", 2: "efficiency", 3: "efficiency"}


@pytest.mark.parametrize(
    "path",
    [
        "cpu{}/cpu_capacity",
        "cpufreq/policy{}/amd_pstate_prefcore_ranking",
        "cpu{}/cpufreq/amd_pstate_prefcore_ranking",
        "cpu{}/acpi_cppc/highest_perf",
    ],
)
def test_kinds_of_one_frequency_are_recognized_by_rank(compose: Compose, path: str) -> None:
    # As on Strix Point: 4 cores of Zen 5 are ranked 196 to 208, 8 of Zen 5c 125.
    ranks = {f"{CPU}/{path.format(cpu)}": f"{rank}\n" for cpu, rank in enumerate((202, 208, 125, 125))}
    kinds = read_kinds(Tree(compose(ranks)), FOUR, amd(26, 36), dict.fromkeys(range(4), 5_157_895))
    assert kinds == {0: "performance", 1: "performance", 2: "efficiency", 3: "efficiency"}


@pytest.mark.parametrize(
    ("family", "model", "khz", "kinds"),
    [
        pytest.param(26, 36, [5_157_895] * 2 + [3_289_474] * 2, "PPEE", id="Zen 5 and Zen 5c"),
        pytest.param(25, 120, [4_900_000] * 2 + [3_500_000] * 2, "PPEE", id="Zen 4 and Zen 4c"),
        pytest.param(25, 120, [4_900_000] + [3_500_000] * 3, "PEEE", id="one core of Zen 4"),
        pytest.param(26, 200, [5_000_000] * 2 + [3_300_000] * 2, "PPEE", id="a hybrid that the tables do not list"),
        pytest.param(26, 2, [5_000_000] + [3_300_000] * 3, "UUUU", id="a favoured core of a server"),
        pytest.param(25, 97, [5_883_000, 5_758_000, 5_634_000, 5_083_000], "UUUU", id="a ladder, before Linux 6.12"),
        pytest.param(25, 97, [5_759_000] * 2 + [5_250_000] * 2, "UUUU", id="one die with a larger cache"),
        pytest.param(26, 36, [], "UUUU", id="nothing shown, as in a guest"),
    ],
)
def test_amd_kinds_differ_clearly_in_their_highest_frequency(
    tmp_path: Path, family: int, model: int, khz: list[int], kinds: str
) -> None:
    found = read_kinds(Tree(tmp_path), FOUR, amd(family, model), dict(enumerate(khz)))
    assert "".join(kind[0].upper() for kind in found.values()) == kinds


def test_the_ranks_of_favoured_cores_are_no_kinds(compose: Compose) -> None:
    # As on Ryzen 7950X; ranks change while the machine runs.
    ranks = {f"{CPU}/cpufreq/policy{cpu}/amd_pstate_prefcore_ranking": f"{rank}" for cpu, rank in enumerate((236, 231, 171, 166))}  # fmt: skip
    found = read_kinds(Tree(compose(ranks)), FOUR, amd(25, 97), dict.fromkeys(range(4), 5_883_000))
    assert set(found.values()) == {"uniform"}


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
        pytest.param({0: 100, 1: 89}, ["performance", "efficiency"], id="a difference just clear"),
    ],
)
def test_splits_by_a_clear_difference_only(speeds: dict[int, int], kinds: list[str]) -> None:
    assert list(split_by_speed(speeds, (0, 1)).values()) == kinds


def test_a_uniform_machine_has_no_lead() -> None:
    assert find_lead({0: "uniform", 1: "uniform"}) is None
