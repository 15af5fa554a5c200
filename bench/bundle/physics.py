"""The most that any CPU of some instructions can do: beyond it a record is false, whoever measured it.

Limits are generous: lanes × units × the highest clock of any CPU that is sold. A rate below them may still be wrong.
"""

from collections.abc import Container, Iterable

from bench.records.machine import Cpu, Machine

CLOCK_LIMIT_HZ = 6.5e9
"""Above the highest boost clock of any CPU that is sold (6.2 GHz: Intel i9-14900KS, 2024)."""

UNCOUNTED_LIMIT_RATIO = 10.0
"""Operations that are counted over those that are done. Winograd's convolutions, of tiles of up to 6 × 6 outputs, do 5.1
times fewer multiplications (Lavin and Gray, CVPR 2016), attention that skips what a causal mask hides 2 times fewer."""

MEMORY_LIMIT_BYTES_PER_S = 1e12
"""Of one thread, from memory: several times what a core of any CPU can have in flight."""

CACHE_LIMIT_BYTES_PER_S = 1.3e12
"""Of one thread, from its first-level cache: two loads and one store of 64 bytes a cycle, at `CLOCK_LIMIT_HZ`."""

PACKAGE_LIMIT_W = 5000.0
"""Several times what any package draws (500 W: AMD EPYC 9965, 2024)."""

_OPERATIONS_PER_CYCLE: dict[str, dict[str, int]] = {
    "fp32": {"": 16, "fma": 32, "avx2": 32, "avx512f": 64, "asimd": 32, "sve": 128, "sme": 1024},
    "bf16": {"": 16, "avx512_bf16": 128, "amx_bf16": 1024, "bf16": 128, "svebf16": 256, "sme": 2048},
    "fp16": {"": 16, "avx512_fp16": 128, "amx_tile": 1024, "asimdhp": 64, "sve": 256, "sme": 2048},
    "int8": {
        "": 64,
        "avx2": 128,
        "avx_vnni": 128,
        "avx512bw": 256,
        "avx512_vnni": 256,
        "amx_int8": 2048,
        "asimd": 128,
        "asimddp": 128,
        "i8mm": 256,
        "svei8mm": 512,
        "sme": 4096,
    },
}
"""Precision → flag by the kernel's name → operations of a core in a cycle, two for each multiply-add: two vector units on
x86, four of 128 bits on Arm (twice that where SVE may be wider), one tile unit. "" is what every CPU has. Tiles of fp16
have no flag of their own in /proc/cpuinfo (Linux, arch/x86/include/asm/cpufeatures.h, AMX_FP16)."""


def limit_operations(cpu: Cpu, precisions: Iterable[str], cores: int) -> float:
    """Return the operations a second that some cores cannot exceed, by the fastest units for some precisions.

    Args:
        cpu: Its flags say which units a core has; without any, it may have all.
        precisions: What may be multiplied; fp32 is always among them, as kernels convert to it.
        cores: That many, or as many threads.
    """
    flags = {"", *cpu.isa} if cpu.isa else None
    return max(_limit(precision, flags) for precision in {"fp32", *precisions}) * CLOCK_LIMIT_HZ * cores


def limit_instruction(precision: str, flags: Iterable[str], cores: int) -> float:
    """Return the operations a second that some cores cannot exceed with the instructions of some flags alone."""
    return _limit(precision, {"", *flags}) * CLOCK_LIMIT_HZ * cores


def limit_cores(machine: Machine, threads: int) -> int:
    """Return the cores that some threads can keep busy at most. A guest's cores may be more on its host than it is shown."""
    return threads if machine.settings.hypervisor is not None else min(threads, machine.topology.core_count)


def _limit(precision: str, flags: Container[str] | None) -> int:
    units = _OPERATIONS_PER_CYCLE[precision].items()
    return max(operations for flag, operations in units if flags is None or flag in flags)
