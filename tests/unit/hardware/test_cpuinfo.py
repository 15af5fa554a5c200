from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.hardware.cpuinfo import parse_cpuinfo, parse_number, read_cpuinfo
from bench.hardware.tree import Tree
from tests.builders import make_reason

CPUINFO = Path(__file__).parents[2] / "data" / "machines" / "cpuinfo"

X86 = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 106
flags\t\t: fpu sse2 avx2

processor\t: 1
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 106
flags\t\t: fpu sse2 avx512f
"""

OLD_ARM = """Processor\t: AArch64 Processor rev 2 (aarch64)
processor\t: 0
processor\t: 1
Features\t: fp asimd
CPU implementer\t: 0x41
CPU part\t: 0xd07

Hardware\t: Board: one
"""

LSCPU = """Architecture:        x86_64
CPU(s):              4
Vendor ID:           AuthenticAMD
CPU family:          25
Model:               1
Flags:               fpu sse2 vaes
"""


def test_reads_x86_cpu_by_cpu() -> None:
    info = parse_cpuinfo(X86)
    assert sorted(info.cpus) == [0, 1]
    assert info.first("model") == "106"
    assert info.is_x86
    assert not info.is_arm


def test_flags_are_those_that_all_cpus_have() -> None:
    info = parse_cpuinfo(X86)
    assert info.isa() == {"fpu", "sse2"}
    assert len(info.flag_sets()) == 2


def test_differing_flags_are_noted(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(X86)
    tree = Tree(tmp_path)
    read_cpuinfo(tree)
    assert tree.missing == (make_reason("isa_flags_differ"),)


def test_missing_flags_are_noted(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("processor : 0\nvendor_id : x\n")
    tree = Tree(tmp_path)
    assert read_cpuinfo(tree).isa() == frozenset()
    assert tree.missing == (make_reason("isa_flags_not_shown"),)


def test_old_arm_kernels_number_several_cpus_in_one_block() -> None:
    info = parse_cpuinfo(OLD_ARM)
    assert sorted(info.cpus) == [0, 1]
    assert info.is_arm
    assert info.isa() == {"fp", "asimd"}
    assert info.shared["hardware"] == "Board: one"


def test_takes_lscpus_output_where_it_bears_this_name() -> None:
    info = parse_cpuinfo(LSCPU)
    assert info.is_x86
    assert info.first("vendor id") == "AuthenticAMD"
    assert "vaes" in info.isa()
    assert not info.cpus


def test_passes_over_headers_and_omissions() -> None:
    info = parse_cpuinfo("A system\n\n" + X86.replace("\n\n", "\n\n...\n...\n\n"))
    assert sorted(info.cpus) == [0, 1]


@pytest.mark.parametrize("ending", ["", "\n", "\n\n", "\0", "\n\0"])
def test_the_end_of_the_file_may_be_anything(ending: str) -> None:
    assert sorted(parse_cpuinfo(X86.rstrip("\n") + ending).cpus) == [0, 1]


def test_a_cpu_number_beyond_any_kernels_is_passed_over() -> None:
    assert not parse_cpuinfo("processor : 70000\nflags : sse2\n").cpus


@pytest.mark.parametrize(
    ("text", "number"),
    [("25", 25), ("0x41", 0x41), ("0XD0C", 0xD0C), ("r3p1", None), ("", None), (None, None), ("-1", None)],
)
def test_numbers_are_decimal_or_marked_as_hexadecimal(text: str | None, number: int | None) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize(
    ("name", "cpus"), [("hrw-arm-socs/hisilion-kunpeng-920", 94), ("hrw-arm-socs/nvidia-grace", 3)]
)
def test_reads_collected_files(name: str, cpus: int) -> None:
    info = parse_cpuinfo((CPUINFO / name).read_text(encoding="utf-8"))
    assert len(info.cpus) == cpus
    assert len(info.flag_sets()) == 1


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    info = parse_cpuinfo(text)
    assert not (info.is_x86 and info.is_arm)
    assert all(" " not in flag for flag in info.isa())
