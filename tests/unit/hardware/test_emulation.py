from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.hardware.cpuinfo import parse_cpuinfo, read_cpuinfo
from bench.hardware.emulation import decode_hwcaps, find_foreign_kernel, find_software_cpu
from bench.hardware.tree import Tree
from bench.records.machine import Architecture

X86 = "processor : 0\nvendor_id : AuthenticAMD\ncpu family : 25\nmodel : 17\nflags : sse2\n"
ARM = "processor : 0\nFeatures : asimd\nCPU implementer : 0x41\nCPU part : 0xd0c\n"


@pytest.mark.parametrize(
    ("architecture", "files", "foreign"),
    [
        pytest.param("aarch64", {"proc/cpuinfo": X86}, True, id="Arm above x86, by its cpuinfo"),
        pytest.param("aarch64", {"proc/cpuinfo": ARM, "proc/sys/kernel/arch": "x86_64"}, True, id="Arm above x86, 8.2"),
        pytest.param("x86_64", {"proc/cpuinfo": ARM}, True, id="x86 above Arm"),
        pytest.param("aarch64", {"proc/cpuinfo": ARM}, False, id="Arm on Arm"),
        pytest.param("x86_64", {"proc/cpuinfo": X86}, False, id="x86 on x86"),
        pytest.param("aarch64", {}, False, id="nothing shows the kernel"),
    ],
)
def test_recognizes_a_foreign_kernel(
    compose: Callable[[Mapping[str, str]], Path], architecture: Architecture, files: dict[str, str], foreign: bool
) -> None:
    tree = Tree(compose(files))
    assert (find_foreign_kernel(tree, architecture, read_cpuinfo(tree)) is not None) == foreign


@pytest.mark.parametrize(
    ("text", "software"),
    [
        pytest.param(ARM.replace("0x41", "0x00").replace("0xd0c", "0x051"), True, id="QEMU's max on Arm"),
        pytest.param(X86 + "model name : QEMU TCG CPU version 2.5+\n", True, id="QEMU's translator on x86"),
        pytest.param(X86 + "model name : VirtualApple @ 2.50GHz\n", True, id="Rosetta"),
        pytest.param(X86 + "model name : QEMU Virtual CPU version 2.5+\n", False, id="a name that KVM gives too"),
        pytest.param(ARM, False, id="a real part"),
    ],
)
def test_recognizes_an_emulated_cpu(text: str, software: bool) -> None:
    assert (find_software_cpu(parse_cpuinfo(text)) is not None) == software


# Seen under qemu-user 7.2, which sets the auxiliary vector right.
@pytest.mark.parametrize(
    ("hwcap", "hwcap2", "has", "lacks"),
    [
        pytest.param(0x119FFB, 0, "fp asimd atomics fphp asimddp", "evtstrm sve bf16", id="neoverse-n1"),
        pytest.param(0x415FFB, 0, "asimd sve", "asimddp sve2", id="a64fx"),
        pytest.param(0xECFFFFFB, 0x7F877FFF, "sve sve2 bf16 i8mm sme pacg", "evtstrm wfxt", id="max"),
        pytest.param(1 << 32, 1 << 63, "gcs poe", "fp", id="the highest bits"),
        pytest.param(1 << 60, 0, "", "fp", id="a bit without a name"),
    ],
)
def test_names_the_bits_of_the_auxiliary_vector(hwcap: int, hwcap2: int, has: str, lacks: str) -> None:
    flags = decode_hwcaps(hwcap, hwcap2)
    assert set(has.split()) <= flags
    assert not set(lacks.split()) & flags


def test_every_bit_of_the_second_word_has_its_own_name() -> None:
    assert len(decode_hwcaps(0, 2**64 - 1)) == 64
    assert len(decode_hwcaps(2**64 - 1, 2**64 - 1)) == 64 + 48
