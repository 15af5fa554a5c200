"""Loops of one arithmetic instruction: which there are, which this CPU has, and their rates.

The loops themselves are `instruction_peak.cpp`, compiled by the parent when a run begins. No module here loads torch.
"""

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bench.records.machine import Cpu
from bench.records.peak import Peak, PeakPrecision
from bench.records.reason import Reason

SOURCE: Final = Path(__file__).with_name("instruction_peak.cpp")

ROUNDS: Final = 4
"""The best counts. On a quiet host rounds differ by 1%, and one of some twenty is interrupted."""

ROUND_S: Final = 0.01
"""Long enough for the clock to settle: licence changes of AVX-512 take up to 0.5 ms (Intel), frequency steps 1 ms."""


class InstructionLoop(NamedTuple):
    """A loop of `instruction_peak.cpp`.

    Attributes:
        name: Its macro there is `LOOP_` and this name in capitals.
        precision: What it multiplies.
        isa: The flags, by the kernel's names, that a CPU needs.
        flags: What tells a compiler about them; the same for gcc and clang.
    """

    name: str
    precision: PeakPrecision
    isa: frozenset[str]
    flags: tuple[str, ...]


def _loop(name: str, precision: PeakPrecision, isa: str, flags: str) -> InstructionLoop:
    return InstructionLoop(name, precision, frozenset(isa.split()), tuple(flags.split()))


LOOPS: Final[Mapping[str, Sequence[InstructionLoop]]] = {
    "x86_64": (
        _loop("avx512_fp32", "fp32", "avx512f", "-mavx512f"),
        _loop("avx2_fp32", "fp32", "avx2 fma", "-mavx2 -mfma"),
        _loop("amx_bf16", "bf16", "amx_tile amx_bf16", "-mamx-tile -mamx-bf16"),
        _loop("avx512_bf16", "bf16", "avx512f avx512_bf16", "-mavx512f -mavx512bf16"),
        # /proc/cpuinfo has no flag for tiles of fp16: the loop asks the CPU itself, and refuses.
        _loop("amx_fp16", "fp16", "amx_tile", "-mamx-tile -mamx-fp16"),
        _loop("avx512_fp16", "fp16", "avx512f avx512_fp16", "-mavx512fp16"),
        _loop("amx_int8", "int8", "amx_tile amx_int8", "-mamx-tile -mamx-int8"),
        _loop("avx512_int8", "int8", "avx512f avx512_vnni", "-mavx512f -mavx512vnni"),
        _loop("avx_int8", "int8", "avx2 avx_vnni", "-mavx2 -mavxvnni"),
    ),
    "aarch64": (
        _loop("neon_fp32", "fp32", "asimd", "-march=armv8-a"),
        _loop("neon_bf16", "bf16", "bf16", "-march=armv8.2-a+bf16"),
        _loop("neon_fp16", "fp16", "asimdhp", "-march=armv8.2-a+fp16"),
        _loop("neon_int8_matrix", "int8", "i8mm", "-march=armv8.2-a+i8mm"),
        _loop("neon_int8_dot", "int8", "asimddp", "-march=armv8.2-a+dotprod"),
    ),
}
"""Architecture → its loops. SVE is left out: on all CPUs but A64FX its units do no more than NEON's. A kernel that is
faster than the loops sets the peak (`bench.stats.roofline`)."""


def find_loops(cpu: Cpu) -> tuple[InstructionLoop, ...]:
    """Return the loops whose instructions a CPU has. Several of a precision may be: the fastest sets its peak.

    Args:
        cpu: An emulated one has none: what its instructions take says nothing of any CPU.
    """
    if cpu.emulated:
        return ()
    return tuple(loop for loop in LOOPS[cpu.architecture] if loop.isa <= set(cpu.isa))


def measure_loops(libraries: Mapping[str, str], threads: int) -> Iterator[Peak | Reason]:
    """Yield the peak of each loop, or the reason why it cannot be measured.

    Args:
        libraries: Name of a loop → its compiled library.
        threads: As many run together, each on a CPU of its own.
    """
    loops = {loop.name: loop for family in LOOPS.values() for loop in family}
    for name, path in libraries.items():
        try:
            library = ctypes.CDLL(path)
        except OSError:  # no memory may be both written and executed here, or another C library than the compiler's
            yield Reason(code="instruction_loop_not_loaded", values={"loop": name})
            continue
        measure = library.measure_loop
        measure.argtypes, measure.restype = (ctypes.c_int, ctypes.c_double), ctypes.c_double
        best = max(measure(threads, ROUND_S) for _ in range(ROUNDS))
        if best > 0:
            yield Peak(precision=loops[name].precision, method="instructions", name=name, operations_per_s=best)
        else:
            yield Reason(code="instruction_loop_refused", values={"loop": name})
