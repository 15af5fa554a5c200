import os
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.hardware.cpu import choose_architecture, read_cpu
from bench.hardware.cpuinfo import read_cpuinfo
from bench.hardware.process import Process
from bench.hardware.tree import Tree
from bench.records.machine import Cpu
from bench.records.reason import Reason
from tests.builders import make_reason

SPR = "processor : {}\nvendor_id : GenuineIntel\ncpu family : 6\nmodel : 143\nstepping : {}\nmodel name : Xeon\nflags : {}\n\n"


def read(root: Path, process: Process) -> tuple[Cpu, tuple[Reason, ...]]:
    tree = Tree(root)
    cpu = read_cpu(tree, read_cpuinfo(tree), process, choose_architecture(tree, process))
    return cpu, tree.missing


def test_says_which_flags_a_hypervisor_hides(compose: Callable[[Mapping[str, str]], Path]) -> None:
    root = compose({"proc/cpuinfo": SPR.format(0, 8, "sse2 avx512f avx512_bf16")})
    cpu, missing = read(root, Process(architecture="x86_64"))
    assert (cpu.microarchitecture, cpu.confidence) == ("sapphirerapids", "identified")
    assert cpu.model_name == "Xeon"
    assert (cpu.family, cpu.model, cpu.stepping) == (6, 143, 8)
    assert missing == (make_reason("isa_flags_hidden", microarchitecture="sapphirerapids", flags="amx_tile"),)


def test_says_that_steppings_differ(compose: Callable[[Mapping[str, str]], Path]) -> None:
    flags = "sse2 avx512_bf16 amx_tile"
    root = compose({"proc/cpuinfo": SPR.format(0, 6, flags) + SPR.format(1, 8, flags)})
    assert read(root, Process(architecture="x86_64"))[1] == (
        make_reason("cpu_identities_differ", field="stepping", found="6 8"),
    )


def test_a_software_cpu_is_emulated_and_named_by_its_level(compose: Callable[[Mapping[str, str]], Path]) -> None:
    text = SPR.format(0, 8, "sse2").replace("Xeon", "QEMU TCG CPU version 2.5+")
    cpu, missing = read(compose({"proc/cpuinfo": text}), Process(architecture="x86_64"))
    assert cpu.emulated
    assert (cpu.microarchitecture, cpu.confidence, cpu.second_opinion) == ("x86_64", "features", None)
    assert missing == (make_reason("software_cpu", model="QEMU TCG CPU version 2.5+"),)


def test_the_flags_of_an_emulated_x86_are_not_made_up(compose: Callable[[Mapping[str, str]], Path]) -> None:
    root = compose({"proc/cpuinfo": "processor : 0\nCPU implementer : 0x41\nFeatures : asimd\n"})
    cpu, missing = read(root, Process(architecture="x86_64", hwcap=0xFFFF))
    assert cpu.emulated
    assert cpu.isa == ()
    assert make_reason("emulated_flags_not_shown", architecture="x86_64") in missing


def test_takes_this_hosts_architecture_where_nothing_shows_one(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert choose_architecture(tree, Process(architecture=None)) == os.uname().machine
    assert tree.missing == (make_reason("architecture_assumed", architecture=os.uname().machine),)


def test_flags_that_are_not_shown_are_not_called_hidden(compose: Callable[[Mapping[str, str]], Path]) -> None:
    text = "".join(f"{line}\n" for line in SPR.format(0, 8, "").splitlines() if not line.startswith("flags"))
    cpu, missing = read(compose({"proc/cpuinfo": text}), Process(architecture="x86_64"))
    assert (cpu.microarchitecture, cpu.isa) == ("sapphirerapids", ())
    assert missing == (make_reason("isa_flags_not_shown"),)
