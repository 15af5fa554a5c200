"""Facts of the process itself, apart from the files of the machine, so that a test can pass others."""

import os
import struct
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from bench.errors import BundleError
from bench.hardware.architecture import find_kernel_architecture
from bench.hardware.cpuinfo import CpuInfo
from bench.hardware.tree import MAX_ID, Tree
from bench.records.cpulist import parse_cpulist
from bench.records.machine import Count, CpuList
from bench.records.reason import Reason
from bench.records.record import Record, decode_json
from bench.records.text import clean_line

RECORDING: Final = "bench-recording.json"
"""Where a recorded tree keeps its `RecordedProcess`, beside `proc` and `sys`."""

_AT_HWCAP: Final = 16
_AT_HWCAP2: Final = 26
_AUXV: Final = "proc/self/auxv"

MAX_UNREADABLE: Final = 10_000
"""How many notes a recording holds about what could not be read."""


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


class RecordedProcess(Record, frozen=True, kw_only=True):
    """What `bench detect --record` states of its own process: facts that files of the tree show wrongly or not at all.

    Under an emulator the files are the kernel's, and the architecture is another. Under lxcfs the scheduler allows
    other CPUs than the files name.

    Attributes:
        schema: Names the format and its major version.
        bench_version: Which bench recorded it.
        architecture, hwcap, hwcap2: As in `Process`.
        affinity: As in `Process`, list format.
        unreadable: What exists and could not be read, as in `Machine.missing`.
    """

    schema: Literal["bench-recording/2"]
    bench_version: Annotated[str, Meta(max_length=64)]
    architecture: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}\Z")] | None
    affinity: CpuList | None
    hwcap: Count
    hwcap2: Count
    unreadable: Annotated[tuple[Reason, ...], Meta(max_length=MAX_UNREADABLE)]


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
        host_name=clean_line(uname.nodename),
    )


def read_process(tree: Tree, cpuinfo: CpuInfo) -> Process:
    """Return the facts of this process if the root is this host's own, else of the one that recorded the tree."""
    return read_own_process(tree) if tree.is_host else read_recorded_process(tree, cpuinfo)


def read_recorded_process(tree: Tree, cpuinfo: CpuInfo) -> Process:
    """Return what a recorded tree says of the process that recorded it.

    A tree without a statement still shows it: the architecture is then the kernel's, and the tree's files name
    the CPUs that the process may use.
    """
    host_name = tree.line("proc/sys/kernel/hostname") or ""
    stated = _read_statement(tree)
    if stated is not None:
        return msgspec.structs.replace(stated, host_name=host_name)
    vector = parse_auxiliary_vector(tree.data(_AUXV) or b"")
    kernel = find_kernel_architecture(tree, cpuinfo)
    return Process(
        architecture=None if kernel is None else kernel.architecture,
        hwcap=vector.get(_AT_HWCAP, 0),
        hwcap2=vector.get(_AT_HWCAP2, 0),
        host_name=host_name,
    )


def _read_statement(tree: Tree) -> Process | None:
    """Return what the tree states by a `RecordedProcess`; None without one, or, with a note, if it is not valid."""
    data = tree.data(RECORDING)
    if data is None:
        return None
    try:
        stated = decode_json(data, RecordedProcess, source=RECORDING)
        affinity = None if stated.affinity is None else parse_cpulist(stated.affinity)
    except (BundleError, ValueError) as error:
        tree.note("recording_ignored", problem=str(error))
        return None
    if max(affinity or {0}) > MAX_ID:
        tree.note("id_out_of_range", path=RECORDING, id=str(max(affinity or {0})))
        return None
    for reason in stated.unreadable:
        tree.note_unread(reason)
    return Process(architecture=stated.architecture, affinity=affinity, hwcap=stated.hwcap, hwcap2=stated.hwcap2)
