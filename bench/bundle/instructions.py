"""Check that the CPU has the instructions of the kernels and peaks that ran on it.

A kernel of oneDNN names the instructions that it was generated for (`brgconv:avx512_core_bf16`), and a peak the loop that
was compiled for them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bench.errors import BundleError
from bench.records.machine import Machine
from bench.records.measurement import Proof

LOOP_FLAGS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        name: frozenset(flags.split())
        for name, flags in {
            "avx512_fp32": "avx512f",
            "avx2_fp32": "avx2 fma",
            "amx_bf16": "amx_tile amx_bf16",
            "avx512_bf16": "avx512f avx512_bf16",
            "amx_fp16": "amx_tile",
            "avx512_fp16": "avx512f avx512_fp16",
            "amx_int8": "amx_tile amx_int8",
            "avx512_int8": "avx512f avx512_vnni",
            "avx_int8": "avx2 avx_vnni",
            "neon_fp32": "asimd",
            "neon_bf16": "bf16",
            "neon_fp16": "asimdhp",
            "neon_int8_matrix": "i8mm",
            "neon_int8_dot": "asimddp",
        }.items()
    }
)
"""Loop of `bench.measure.instruction_loops` → the flags without which no run compiles it. Loops of newer ones are unknown."""

_STATE_FLAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sse41": "sse4_1",
        "avx": "avx",
        "avx2": "avx2",
        "avx512": "avx512f",
        "avx10": "avx512f",
        "amx": "amx_tile",
        "sve": "sve",
    }
)
"""Word in a kernel's name → flag. No program can use these registers unless the kernel knows, and shows, them; "sse41" is
as old as x86-64's kernels."""

_LATE_FLAGS: Final[Mapping[str, str]] = MappingProxyType(
    {"avx512_core_vnni": "avx512_vnni", "avx512_core_bf16": "avx512_bf16", "avx2_vnni": "avx_vnni"}
)
"""Instructions → flag. They need no new registers, so they work under kernels that do not know them."""

_LATE_FLAGS_SINCE: Final = (5, 12)
"""The kernel that knows them all: avx_vnni came last (Linux 5.12)."""

_WORD: Final = re.compile(r"sse41|avx512|avx10|avx2|avx|amx|sve", re.ASCII)
_RELEASE: Final = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})", re.ASCII)


def check_kernels(proof: Proof, machine: Machine, where: str) -> None:
    """Refuse kernels whose instructions the CPU does not have. Where no flags are shown, none can be missed.

    Raises:
        BundleError: names the kernel and the flag.
    """
    flags = frozenset(machine.cpu.isa)
    for primitive in proof.primitives if flags else ():
        lacking = sorted(set(_needed_flags(primitive, machine)) - flags)
        if lacking:
            raise BundleError(f"{where}: oneDNN ran {primitive!r:.100}, but the CPU lacks {' '.join(lacking)}")


def find_lacking_flags(loop: str, flags: Iterable[str]) -> tuple[str, ...]:
    """Return the flags that a peak's loop needs and a CPU lacks, sorted; none for a loop that is unknown."""
    return tuple(sorted(LOOP_FLAGS.get(loop, frozenset()) - set(flags)))


def _needed_flags(primitive: str, machine: Machine) -> Iterator[str]:
    """Yield the flags that a primitive needs: `<kind> <implementation>`, whose part after the colon names instructions."""
    isa = primitive.rpartition(" ")[2].rpartition(":")[2]
    yield from (_STATE_FLAGS[word] for word in _WORD.findall(isa))
    if _knows_late_flags(machine.settings.kernel) and isa in _LATE_FLAGS:
        yield _LATE_FLAGS[isa]


def _knows_late_flags(kernel: str | None) -> bool:
    match = None if kernel is None else _RELEASE.match(kernel)
    return match is not None and (int(match[1]), int(match[2])) >= _LATE_FLAGS_SINCE
