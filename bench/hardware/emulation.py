"""Emulation: a user space of one architecture above a kernel of another, or a CPU implemented in software.

Under qemu-user, `/proc/cpuinfo` and `/sys` are the host's; `uname -m` and the auxiliary vector are the emulated
machine's.
"""

from typing import Final

from bench.hardware.architecture import KernelEvidence, find_kernel_architecture
from bench.hardware.cpuinfo import CpuInfo, parse_number
from bench.hardware.tree import Tree
from bench.records.machine import Architecture

_QEMU_MAX: Final = (0x00, 0x51)
"""Implementer and part of QEMU's own `max` CPU, so that none takes it for a real one (target/arm/tcg/cpu64.c)."""

_SOFTWARE_MODELS: Final = ("QEMU TCG CPU", "VirtualApple")
"""Model names that only software gives: QEMU's translator, and Apple's Rosetta."""


def _names(text: str) -> tuple[str, ...]:
    """Split feature flags in the order of their bits."""
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
    """Return the arm64 feature flags of an auxiliary vector, by the kernel's names; unknown bits are left out."""
    first = (name for bit, name in enumerate(_HWCAP) if hwcap >> bit & 1)
    second = (name for bit, name in enumerate(_HWCAP2) if hwcap2 >> bit & 1)
    return frozenset((*first, *second))


def find_foreign_kernel(tree: Tree, architecture: Architecture, cpuinfo: CpuInfo) -> KernelEvidence | None:
    """Return the kernel's architecture if it is another than the user space's; None if it is the same or unknown.

    Args:
        tree: The machine.
        architecture: Of the user space.
        cpuinfo: As the user space reads it.
    """
    kernel = find_kernel_architecture(tree, cpuinfo)
    return None if kernel is None or kernel.architecture == architecture else kernel


def find_software_cpu(cpuinfo: CpuInfo) -> str | None:
    """Return what `/proc/cpuinfo` calls a CPU whose instructions a program executes; None for a real CPU."""
    ids = (parse_number(cpuinfo.first("cpu implementer")), parse_number(cpuinfo.first("cpu part")))
    if ids == _QEMU_MAX:
        return "QEMU max (implementer 0x00, part 0x51)"
    for name in (*cpuinfo.values("model name"), *cpuinfo.values("vendor id")):
        if name.startswith(_SOFTWARE_MODELS):
            return name
    return None
