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


def test_flags_are_those_that_all_cpus_have() -> None:
    info = parse_cpuinfo(X86)
    assert info.isa == {"fpu", "sse2"}
    assert info.flags_differ


def test_a_hostile_file_leaves_little_in_memory() -> None:
    blocks = (
        f"processor : {cpu}\ncpu family : 6\nflags : sse2 {' '.join(f'f{cpu}_{flag}' for flag in range(50))}\n"
        + "".join(f"key {cpu} {line} : value\n" for line in range(20))
        for cpu in range(1000)
    )
    info = parse_cpuinfo("\n".join(blocks))
    assert (len(info.cpus), info.isa, info.flags_differ) == (1000, {"sse2"}, True)
    assert {key for fields in info.cpus.values() for key in fields} == {"cpu family"}


@pytest.mark.parametrize("line", ["\n", ":\n", "processor : 0\n\n"], ids=["blank", "empty fields", "one CPU again"])
def test_a_file_of_very_many_lines_is_not_read(tmp_path: Path, line: str) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(line * ((1 << 20) + 1))
    tree = Tree(tmp_path)
    assert not read_cpuinfo(tree).cpus
    assert tree.missing == (
        make_reason("unreadable", path="proc/cpuinfo", problem="too_large"),
        make_reason("cpuinfo_missing"),
    )


def test_the_order_of_flags_is_no_difference() -> None:
    info = parse_cpuinfo("processor : 0\nflags : a b\n\nprocessor : 1\nflags : b a\n")
    assert (info.isa, info.flags_differ) == ({"a", "b"}, False)


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
    assert read_cpuinfo(tree).isa is None
    assert tree.missing == (make_reason("isa_flags_not_shown"),)


def test_old_arm_kernels_number_several_cpus_in_one_block() -> None:
    info = parse_cpuinfo(OLD_ARM)
    assert sorted(info.cpus) == [0, 1]
    assert info.isa == {"fp", "asimd"}
    assert info.first("cpu part") == "0xd07"
    assert "hardware" not in info.shared


def test_takes_lscpus_output_where_it_bears_this_name() -> None:
    info = parse_cpuinfo(LSCPU)
    assert info.first("vendor id") == "AuthenticAMD"
    assert "vaes" in (info.isa or ())
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
    assert not info.flags_differ


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    info = parse_cpuinfo(text)
    assert all(" " not in flag for flag in info.isa or ())
