from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.hardware.cpuinfo import read_cpuinfo
from bench.hardware.frequency import read_frequencies
from bench.hardware.settings import read_settings
from bench.hardware.tree import Tree
from bench.records.machine import Settings

CPU = "sys/devices/system/cpu"


def read(root: Path) -> Settings:
    tree = Tree(root)
    return read_settings(tree, read_cpuinfo(tree), read_frequencies(tree, frozenset({0, 1})), None)


def test_what_the_kernel_does_not_show_is_none(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert {getattr(settings, name) for name in settings.__struct_fields__} == {None}


@pytest.mark.parametrize(
    ("field", "files", "value"),
    [
        ("kernel", {"proc/sys/kernel/osrelease": "6.1.0\n", "proc/version": "Linux version 5.0 x"}, "6.1.0"),
        ("kernel", {"proc/version": "Linux version 5.3.0-rc7 (a@b) #4\n"}, "5.3.0-rc7"),
        ("kernel", {"proc/version": "Darwin Kernel\n"}, None),
        (
            "microcode",
            {"proc/cpuinfo": "processor : 0\nmicrocode : 0x1\n\nprocessor : 1\nmicrocode : 0x2\n"},
            "0x1,0x2",
        ),
        ("microcode", {f"{CPU}/cpu0/microcode/version": "0xd0003f5\n"}, "0xd0003f5"),
        ("boost", {f"{CPU}/intel_pstate/no_turbo": "1\n", f"{CPU}/cpufreq/boost": "1\n"}, False),
        ("boost", {f"{CPU}/intel_pstate/no_turbo": "0\n"}, True),
        ("boost", {f"{CPU}/cpufreq/boost": "0\n"}, False),
        ("smt_control", {f"{CPU}/smt/control": "forceoff\n"}, "forceoff"),
        (
            "transparent_hugepages",
            {"sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n"},
            "madvise",
        ),
        ("transparent_hugepages", {"sys/kernel/mm/transparent_hugepage/enabled": "always\n"}, None),
        ("numa_balancing", {"proc/sys/kernel/numa_balancing": "2\n"}, True),
        ("numa_balancing", {"proc/sys/kernel/numa_balancing": "0\n"}, False),
        ("isolated_cpus", {f"{CPU}/isolated": "4-7,60-63\n"}, "4-7,60-63"),
        ("isolated_cpus", {f"{CPU}/isolated": "\n"}, ""),
        ("nohz_full_cpus", {f"{CPU}/nohz_full": "  (null)\n"}, ""),
        ("nohz_full_cpus", {f"{CPU}/nohz_full": "nonsense\n"}, None),
        ("aslr", {"proc/sys/kernel/randomize_va_space": "2\n"}, 2),
    ],
)
def test_reads_a_setting(
    compose: Callable[[Mapping[str, str]], Path], field: str, files: dict[str, str], value: object
) -> None:
    assert getattr(read(compose(files)), field) == value
