import os
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.hardware.cpu import choose_architecture, read_cpu
from bench.hardware.cpuinfo import read_cpuinfo
from bench.hardware.process import Process
from bench.hardware.tree import Tree
from bench.records.machine import Cpu

SPR = "processor : {}\nvendor_id : GenuineIntel\ncpu family : 6\nmodel : 143\nstepping : {}\nmodel name : Xeon\nflags : {}\n\n"


def read(root: Path, process: Process) -> tuple[Cpu, tuple[str, ...]]:
    tree = Tree(root)
    cpu = read_cpu(tree, read_cpuinfo(tree), process, None)
    return cpu, tree.missing


def test_says_which_flags_a_hypervisor_hides(compose: Callable[[Mapping[str, str]], Path]) -> None:
    root = compose({"proc/cpuinfo": SPR.format(0, 8, "sse2 avx512f avx512_bf16")})
    cpu, missing = read(root, Process(architecture="x86_64"))
    assert (cpu.microarchitecture, cpu.confidence) == ("sapphirerapids", "identified")
    assert cpu.model_name == "Xeon"
    assert (cpu.family, cpu.model, cpu.stepping) == (6, 143, 8)
    assert missing == ("cpu.isa: sapphirerapids has amx_tile; firmware, kernel or hypervisor hides it",)


def test_says_that_steppings_differ(compose: Callable[[Mapping[str, str]], Path]) -> None:
    flags = "sse2 avx512_bf16 amx_tile"
    root = compose({"proc/cpuinfo": SPR.format(0, 6, flags) + SPR.format(1, 8, flags)})
    assert read(root, Process(architecture="x86_64"))[1] == ("proc/cpuinfo: the CPUs differ in stepping: 6 8",)


def test_a_software_cpu_is_emulated_and_named_by_its_level(compose: Callable[[Mapping[str, str]], Path]) -> None:
    text = SPR.format(0, 8, "sse2").replace("Xeon", "QEMU TCG CPU version 2.5+")
    cpu, missing = read(compose({"proc/cpuinfo": text}), Process(architecture="x86_64"))
    assert cpu.emulated
    assert (cpu.microarchitecture, cpu.confidence, cpu.second_opinion) == ("x86_64", "features", None)
    assert "a CPU made of software" in missing[0]


def test_the_flags_of_an_emulated_x86_are_not_made_up(compose: Callable[[Mapping[str, str]], Path]) -> None:
    root = compose({"proc/cpuinfo": "processor : 0\nCPU implementer : 0x41\nFeatures : asimd\n"})
    cpu, missing = read(root, Process(architecture="x86_64", hwcap=0xFFFF))
    assert cpu.emulated
    assert cpu.isa == ()
    assert "cpu.isa: what the emulator grants is not shown to an x86_64 user space" in missing


def test_takes_this_hosts_architecture_where_nothing_shows_one(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert choose_architecture(tree, Process(architecture=None)) == os.uname().machine
    assert "this host's own, is taken" in tree.missing[0]
