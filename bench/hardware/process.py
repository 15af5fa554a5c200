"""Facts of the process itself, apart from the files of the machine, so that a test can pass others."""

import os
import struct
from collections.abc import Mapping
from typing import Final

from bench.hardware.cpuinfo import CpuInfo
from bench.hardware.emulation import find_kernel_architecture
from bench.hardware.tree import Tree
from bench.records.record import Record

_AT_HWCAP: Final = 16
_AT_HWCAP2: Final = 26
_AUXV: Final = "proc/self/auxv"


class Process(Record, frozen=True, kw_only=True):
    """What this process, or the one that recorded a tree, sees of itself.

    Attributes:
        architecture: Of its user space, as `uname -m` says; None where a tree does not show it.
        affinity: Logical CPUs that the scheduler may put it on, online ones only; None if it was not
            asked, and the tree has to say.
        hwcap, hwcap2: `AT_HWCAP` and `AT_HWCAP2` of the auxiliary vector; 0 if unknown.
        host_name: Empty if unknown.
    """

    architecture: str | None
    affinity: frozenset[int] | None = None
    hwcap: int = 0
    hwcap2: int = 0
    host_name: str = ""


def parse_auxiliary_vector(data: bytes) -> Mapping[int, int]:
    """Read `/proc/self/auxv` of a 64-bit process: pairs of words, in this host's byte order.

    A last pair that is cut off is left out. Source: proc(5), getauxval(3).
    """
    whole = len(data) - len(data) % 16
    return dict(struct.iter_unpack("=QQ", data[:whole]))


def read_own_process(tree: Tree) -> Process:
    """Ask the kernel about this process."""
    uname = os.uname()
    vector = parse_auxiliary_vector(tree.data(_AUXV) or b"")
    return Process(
        architecture=uname.machine,
        affinity=frozenset(os.sched_getaffinity(0)),
        hwcap=vector.get(_AT_HWCAP, 0),
        hwcap2=vector.get(_AT_HWCAP2, 0),
        host_name=uname.nodename.encode(errors="replace").decode(),
    )


def read_recorded_process(tree: Tree, cpuinfo: CpuInfo) -> Process:
    """What a recorded tree shows of the process that recorded it; the architecture is the kernel's."""
    vector = parse_auxiliary_vector(tree.data(_AUXV) or b"")
    kernel = find_kernel_architecture(tree, cpuinfo)
    return Process(
        architecture=kernel[0] if kernel is not None else None,
        hwcap=vector.get(_AT_HWCAP, 0),
        hwcap2=vector.get(_AT_HWCAP2, 0),
        host_name=tree.line("proc/sys/kernel/hostname") or "",
    )
