"""What a worker is bound to and has loaded, as it read it back."""

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta

from bench.records.digest import Digest
from bench.records.inherited import Inherited
from bench.records.machine import Count, CpuList
from bench.records.record import Record
from bench.records.text import Line

NodeId = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,4})\Z")]

LibraryRole = Literal["openmp", "allocator"]


class Library(Record, frozen=True, kw_only=True):
    """A library that a worker has in its memory, found in its own maps.

    Attributes:
        role: What it can serve as.
        name: The runtime or allocator that it is, by a profile's words; empty if it is none of them.
        file: Its file's name.
        digest: Of the file.
        effective: The process's calls reach it: the linker finds this one first.
    """

    role: LibraryRole
    name: Line
    file: Line
    digest: Digest
    effective: bool


def find_effective(libraries: Iterable[Library], role: LibraryRole) -> tuple[Library, ...]:
    """Return the libraries of a role that a process's calls reach: one, unless something is wrong."""
    return tuple(library for library in libraries if library.role == role and library.effective)


class Effective(Record, frozen=True, kw_only=True):
    """What a worker is bound to, read back from the kernel after it was set.

    Attributes:
        cpus: Allowed logical CPUs of every thread of the process, joined; list format.
        main_cpus: Of the main thread, from which all later threads inherit.
        memory_nodes: Allowed memory nodes, list format.
        memory_policy: `bind`, `preferred`, `interleave`, `default`, ... by the kernel's names;
            `denied` if the kernel or a seccomp filter does not allow the question.
        memory_binding: How memory is bound: `mempolicy`, or `cpuset` and first touch.
        node_pages: Node id → pages of the process on it; None if numa_maps cannot be read.
        threads: Intra-op threads as torch reports them.
        libraries: OpenMP runtimes and allocators that are loaded.
        variables: Those that are given for a side of an `ab` run, as the worker has them; None for one that is not set.
        inherited: What the worker inherited from its parent and its control groups; None if it was not read.
        flush_denormals: Some thread flushes denormal numbers to zero, found by computing; None if it was not tried.
    """

    cpus: CpuList
    main_cpus: CpuList
    memory_nodes: CpuList
    memory_policy: Line
    memory_binding: Literal["mempolicy", "cpuset"]
    node_pages: dict[NodeId, Count] | None
    threads: Count
    libraries: tuple[Library, ...]
    variables: dict[str, str | None] = {}
    inherited: Inherited | None = None
    flush_denormals: bool | None = None
