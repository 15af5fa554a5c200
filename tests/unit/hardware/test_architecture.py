from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.errors import MachineError
from bench.hardware.architecture import find_kernel_architecture, name_architecture
from bench.hardware.cpuinfo import parse_cpuinfo, read_cpuinfo
from bench.hardware.detect import detect
from bench.hardware.tree import Tree

X86 = "processor : 0\nvendor_id : AuthenticAMD\ncpu family : 25\nmodel : 17\nflags : sse2\n"
ARM = "processor : 0\nFeatures : asimd\nCPU implementer : 0x41\nCPU architecture: 8\nCPU part : 0xd0c\n"
MODALIAS = "sys/devices/system/cpu/modalias"

# As kernels of these architectures print it, shortened: arch/*/kernel/{setup,proc,cpuinfo}.c.
OTHERS = {
    "arm": """processor\t: 0
model name\t: ARMv7 Processor rev 4 (v7l)
Features\t: half thumb fastmult vfp edsp neon vfpv3 tls vfpv4
CPU implementer\t: 0x41
CPU architecture: 7
CPU part\t: 0xd03
""",
    "loongarch64": """system type\t\t: generic-loongson-machine

processor\t\t: 0
CPU Family\t\t: Loongson-64bit
Model Name\t\t: Loongson-3A5000-HV
ISA\t\t\t: loongarch32 loongarch64
Features\t\t: cpucfg lam ual fpu lsx lasx crc32
""",
    "s390x": """vendor_id       : IBM/S390
# processors    : 1
features\t: esan3 zarch stfle msa ldisp eimm dfp edat etf3eh highgprs te vx
processor 0: version = FF,  identification = 0133E8,  machine = 2964
""",
    "riscv64": """processor\t: 0
hart\t\t: 1
isa\t\t: rv64imafdcv
mmu\t\t: sv39
""",
    "ppc64": """processor\t: 0
cpu\t\t: POWER9, altivec supported
clock\t\t: 3800.000000MHz

timebase\t: 512000000
platform\t: PowerNV
""",
    "mips": """system type\t\t: MIPS Malta
processor\t\t: 0
cpu model\t\t: MIPS 24Kc V0.0  FPU V0.0
""",
    "armv7l": "Architecture:          armv7l\nVendor ID:             ARM\nModel name:            Cortex-A7\n",
}


@pytest.mark.parametrize(
    ("files", "architecture"),
    [
        pytest.param({"proc/cpuinfo": X86}, "x86_64", id="an x86 cpuinfo"),
        pytest.param({"proc/cpuinfo": ARM}, "aarch64", id="an Arm cpuinfo"),
        pytest.param({MODALIAS: "cpu:type:x86,ven0002fam0019mod0011:feature:,0000\n"}, "x86_64", id="x86 by modalias"),
        pytest.param({MODALIAS: "cpu:type:aarch64:feature:,0000\n"}, "aarch64", id="Arm by modalias"),
        pytest.param({"proc/sys/kernel/arch": "x86_64\n"}, "x86_64", id="x86 by sysctl"),
        pytest.param({"proc/sys/kernel/arch": "aarch64\n"}, "aarch64", id="Arm by sysctl"),
        pytest.param({"sys/devices/system/cpu/cpu0/regs/identification/midr_el1": "0x0"}, "aarch64", id="Arm by MIDR"),
        pytest.param({"proc/sys/kernel/arch": "riscv64\n"}, "riscv64", id="another kernel"),
        pytest.param({MODALIAS: "cpu:type:s390:feature:,0000\n"}, "s390x", id="a mainframe by modalias"),
        pytest.param({MODALIAS: "cpu:type:\x1b[2J\n"}, None, id="a modalias that names nothing"),
        pytest.param({"sys/devices/cpu_atom/cpus": "0"}, "x86_64", id="x86 by its performance counters"),
        pytest.param({"sys/devices/system/cpu/cpu0/pir": "0"}, "ppc64", id="POWER by a register"),
        pytest.param({"proc/cpuinfo": "processor : 0\n"}, None, id="a cpuinfo that says nothing"),
        pytest.param({}, None, id="nothing"),
        pytest.param(
            {"proc/cpuinfo": ARM, MODALIAS: "cpu:type:x86,ven0002\n"}, "x86_64", id="a cpuinfo that QEMU wrote over x86"
        ),
    ],
)
def test_shows_the_kernels_architecture(
    compose: Callable[[Mapping[str, str]], Path], files: dict[str, str], architecture: str | None
) -> None:
    tree = Tree(compose(files))
    found = find_kernel_architecture(tree, read_cpuinfo(tree))
    assert (found and found[0]) == architecture


@pytest.mark.parametrize("architecture", OTHERS)
def test_a_machine_that_cannot_be_measured_is_refused(
    compose: Callable[[Mapping[str, str]], Path], architecture: str
) -> None:
    root = compose({"proc/cpuinfo": OTHERS[architecture], "sys/devices/system/cpu/online": "0\n"})
    with pytest.raises(MachineError, match=f"the architecture is {architecture}; bench measures x86_64 and aarch64"):
        detect(root)


@pytest.mark.parametrize(
    ("text", "architecture"),
    [
        pytest.param("CPU implementer : 0x41\nCPU architecture: 8\n", "aarch64", id="arm64"),
        pytest.param("CPU implementer : 0x41\nCPU architecture: AArch64\n", "aarch64", id="arm64, Linux 3"),
        pytest.param("CPU implementer : 0x41\nCPU architecture: 6TEJ\n", "arm", id="ARMv6"),
        pytest.param("CPU implementer : 0x41\n", "aarch64", id="Arm of an unknown version"),
        pytest.param("cpu family : 6\n", "x86_64", id="x86"),
        pytest.param("cpu family : new\n", None, id="a family that is no number"),
    ],
)
def test_cpuinfo_names_the_kernel_that_wrote_it(text: str, architecture: str | None) -> None:
    assert name_architecture(parse_cpuinfo(text)) == architecture
