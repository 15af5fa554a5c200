"""Emulation: a user space of one architecture above a kernel of another, or a CPU made of software.

Under qemu-user `/proc/cpuinfo` and `/sys` are the host's, `uname -m` and the auxiliary vector are the
emulated machine's. QEMU from 8.2 on also writes an Arm `/proc/cpuinfo` of its own, hence the other two
witnesses: `/sys/devices/system/cpu/modalias` and `/proc/sys/kernel/arch` (Linux 6.1) are the kernel's.
"""

from typing import Final

from bench.hardware.cpuinfo import CpuInfo, parse_number
from bench.hardware.tree import Tree
from bench.records.machine import Architecture

_MODALIAS: Final[tuple[tuple[str, Architecture], ...]] = (
    ("cpu:type:x86", "x86_64"),
    ("cpu:type:aarch64", "aarch64"),
)

_QEMU_MAX: Final = (0x00, 0x51)
"""Implementer and part of QEMU's own `max` CPU, so that none takes it for a real one (target/arm/tcg/cpu64.c)."""

_SOFTWARE_MODELS: Final = ("QEMU TCG CPU", "VirtualApple")
"""Model names that only software gives: QEMU's translator, and Apple's Rosetta."""


def _names(text: str) -> tuple[str, ...]:
    """Feature flags in the order of their bits."""
    return tuple(text.split())


# As the kernel prints them in `Features`.
# Source: Linux arch/arm64/include/uapi/asm/hwcap.h and arch/arm64/kernel/cpuinfo.c.
_HWCAP: Final = _names(
    "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt fcma lrcpc dcpop sha3 sm3 "
    "sm4 asimddp sha512 sve asimdfhm dit uscat ilrcpc flagm ssbs sb paca pacg gcs cmpbr fprcvt f8mm8 f8mm4 svef16mm "
    "sveeltperm sveaes2 svebfscale sve2p2 sme2p2 smesbitperm smeaes smesfexpa smestmop smesmop4"
)
_HWCAP2: Final = _names(
    "dcpodp sve2 sveaes svepmull svebitperm svesha3 svesm4 flagm2 frint svei8mm svef32mm svef64mm svebf16 i8mm bf16 "
    "dgh rng bti mte ecv afp rpres mte3 sme smei16i64 smef64f64 smei8i32 smef16f32 smeb16f32 smef32f32 smefa64 wfxt "
    "ebf16 sveebf16 cssc rprfm sve2p1 sme2 sme2p1 smei16i32 smebi32i32 smeb16b16 smef16f16 mops hbc sveb16b16 lrcpc3 "
    "lse128 fpmr lut faminmax f8cvt f8fma f8dp4 f8dp2 f8e4m3 f8e5m2 smelutv2 smef8f16 smef8f32 smesf8fma smesf8dp4 "
    "smesf8dp2 poe"
)


def decode_hwcaps(hwcap: int, hwcap2: int) -> frozenset[str]:
    """The arm64 feature flags of an auxiliary vector, by the kernel's names; unknown bits are left out."""
    first = (name for bit, name in enumerate(_HWCAP) if hwcap >> bit & 1)
    second = (name for bit, name in enumerate(_HWCAP2) if hwcap2 >> bit & 1)
    return frozenset((*first, *second))


def find_kernel_architecture(tree: Tree, cpuinfo: CpuInfo) -> tuple[Architecture, str] | None:
    """The architecture that the kernel shows itself to be of, and the file that shows it; None if none does."""
    modalias = tree.line("sys/devices/system/cpu/modalias") or ""
    for prefix, found in _MODALIAS:
        if modalias.startswith(prefix):
            return found, f"sys/devices/system/cpu/modalias begins with {prefix}"
    sysctl = tree.line("proc/sys/kernel/arch")
    for architecture in ("x86_64", "aarch64"):
        if sysctl == architecture:
            return architecture, f"proc/sys/kernel/arch is {sysctl}"
    if cpuinfo.is_arm:
        return "aarch64", "proc/cpuinfo names a CPU implementer, as Arm's does"
    if cpuinfo.is_x86:
        return "x86_64", "proc/cpuinfo is x86's, without any CPU implementer"
    if tree.has("sys/devices/system/cpu/cpu0/regs/identification"):
        return "aarch64", "sys/devices/system/cpu/cpu0/regs/identification is Arm's"
    return None


def find_foreign_kernel(tree: Tree, architecture: Architecture, cpuinfo: CpuInfo) -> str | None:
    """How the kernel shows that it is not of this architecture, a sentence; None if nothing shows it.

    Args:
        tree: The machine.
        architecture: Of the user space.
        cpuinfo: As the user space reads it.
    """
    kernel = find_kernel_architecture(tree, cpuinfo)
    if kernel is None or kernel[0] == architecture:
        return None
    return f"the user space is {architecture}, but the kernel is {kernel[0]}: {kernel[1]}"


def find_software_cpu(cpuinfo: CpuInfo) -> str | None:
    """How `/proc/cpuinfo` shows that a program executes the instructions, a sentence; None if it does not."""
    ids = (parse_number(cpuinfo.first("cpu implementer")), parse_number(cpuinfo.first("cpu part")))
    if ids == _QEMU_MAX:
        return "proc/cpuinfo names QEMU's own CPU (implementer 0, part 0x51)"
    for name in (*cpuinfo.values("model name"), *cpuinfo.values("vendor id")):
        if name.startswith(_SOFTWARE_MODELS):
            return f"proc/cpuinfo names {name}, a CPU made of software"
    return None
