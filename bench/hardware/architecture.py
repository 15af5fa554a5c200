"""The kernel's architecture, by the files that show it.

Machines that cannot be measured are named too: a recorded tree of one must not be taken for x86-64 or arm64.
"""

import re
from typing import Final, NamedTuple

from bench.hardware.cpuinfo import PATH as CPUINFO_PATH
from bench.hardware.cpuinfo import CpuInfo, parse_number
from bench.hardware.tree import Tree

_SYSCTL_PATH: Final = "proc/sys/kernel/arch"
_MODALIAS_PATH: Final = "sys/devices/system/cpu/modalias"

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,31}", re.ASCII)
_MODALIAS: Final = re.compile(r"cpu:type:([a-z][a-z0-9_]{1,31})", re.ASCII)

_NAMES_OF_TYPES: Final = {"x86": "x86_64", "s390": "s390x", "powerpc": "ppc64", "loongarch": "loongarch64"}
"""Types of CPUs in a modalias that differ from `uname -m`. Source: Linux `include/linux/cpufeature.h`."""

_ARM_32_BIT: Final = re.compile(r"[3-7]", re.ASCII)
"""What `CPU architecture` begins with under a 32-bit kernel, even on an ARMv8 CPU: `7`, `6TEJ`. 64-bit kernels print
`8`, once `AArch64`. Source: Linux `arch/arm/kernel/setup.c` (`proc_arch`), `arch/arm64/kernel/cpuinfo.c`."""

_MARKS: Final = (
    # field of /proc/cpuinfo, beginning of its value, architecture; each is of one kernel's arch/*/kernel only
    ("vendor id", "ibm/s390", "s390x"),
    ("cpu family", "loongson", "loongarch64"),
    ("isa", "loongarch", "loongarch64"),
    ("isa", "rv32", "riscv32"),
    ("isa", "rv64", "riscv64"),
    ("hart", "", "riscv64"),
    ("cpu", "power", "ppc64"),
    ("timebase", "", "ppc64"),
    ("cpu model", "", "mips"),
    ("type", "sun4", "sparc64"),
    ("arch", "ia-64", "ia64"),
)

_FILES: Final = (
    # what only one architecture has, the architecture
    ("sys/devices/system/cpu/cpu0/regs/identification", "aarch64"),
    ("sys/devices/cpu_core", "x86_64"),
    ("sys/devices/cpu_atom", "x86_64"),
    ("sys/devices/system/cpu/cpu0/pir", "ppc64"),
    ("sys/devices/system/cpu/cpu0/polarization", "s390x"),
)


class KernelEvidence(NamedTuple):
    """A kernel's architecture as `uname -m` names it, and the file that shows it."""

    architecture: str
    path: str


def find_kernel_architecture(tree: Tree, cpuinfo: CpuInfo) -> KernelEvidence | None:
    """Return the kernel's architecture with the file that shows it; None if no file does.

    Emulators write a `/proc/cpuinfo` of their own (QEMU from 8.2 on). So two files come first that are always the
    kernel's: `/proc/sys/kernel/arch` (Linux 6.1) and the modalias.
    """
    sysctl = tree.line(_SYSCTL_PATH)
    if sysctl is not None and _NAME.fullmatch(sysctl):
        return KernelEvidence(sysctl, _SYSCTL_PATH)
    modalias = _MODALIAS.match(tree.line(_MODALIAS_PATH) or "")
    if modalias is not None:
        return KernelEvidence(_NAMES_OF_TYPES.get(modalias[1], modalias[1]), _MODALIAS_PATH)
    name = name_architecture(cpuinfo)
    if name is not None:
        return KernelEvidence(name, CPUINFO_PATH)
    return next((KernelEvidence(name, path) for path, name in _FILES if tree.has(path)), None)


def name_architecture(cpuinfo: CpuInfo) -> str | None:
    """Return the architecture of the kernel that wrote `/proc/cpuinfo`, as `uname -m` names it; None if unknown."""
    stated = cpuinfo.first("architecture")  # of lscpu's output
    if stated is not None and _NAME.fullmatch(stated):
        return stated
    # Only kernels for Arm name an implementer.
    if cpuinfo.first("cpu implementer") is not None:
        return "arm" if _ARM_32_BIT.match(cpuinfo.first("cpu architecture") or "") else "aarch64"
    if parse_number(cpuinfo.first("cpu family")) is not None:
        return "x86_64"
    marks = ((cpuinfo.first(field), beginning, name) for field, beginning, name in _MARKS)
    return next((name for value, beginning, name in marks if value and value.lower().startswith(beginning)), None)
