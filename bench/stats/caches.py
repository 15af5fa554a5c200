"""How much of an iteration's data may stay in caches, and how large an array must be so that it does not."""

from bench.records.cpulist import parse_cpulist
from bench.records.machine import Limits, Topology
from bench.records.profile import Binding

ARRAY_CACHES_RATIO = 4
"""Each array of a bandwidth probe over all caches: the rule of STREAM (McCalpin, stream.c, instruction 1a)."""

DEFAULT_ARRAY_BYTES = 128 << 20
"""Where the kernel shows no caches: four times the 32 MiB that a core complex of AMD's servers shares."""

LEAST_ARRAY_BYTES = 1 << 20

MEMORY_SHARE = 1 / 4
"""Of the memory that may be used, for the three arrays of all instances of a layout together."""

ARRAYS = 3


def count_cache_bytes(topology: Topology, cpus: str) -> int | None:
    """Return the size of all caches from the second level on that some CPUs reach; None where none is recorded.

    Second-level caches count beside the last level, as they hold other data where the last level is no superset of
    them (AMD since Zen, Intel since Skylake-SP). First-level caches are too small to matter.

    Args:
        topology: Of the machine.
        cpus: List format.
    """
    if topology.caches is None:
        return None
    bound = parse_cpulist(cpus)
    return sum(
        cache.size_bytes
        for cache in topology.caches
        if cache.level > 1
        for shared_by in cache.shared_by
        if bound & parse_cpulist(shared_by)
    )


def choose_array_bytes(topology: Topology, limits: Limits, binding: Binding, instances: int) -> int:
    """Return the size of each array of a bandwidth probe, a multiple of 64.

    Args:
        topology: Of the machine.
        limits: Of the machine, for its memory.
        binding: Of one instance.
        instances: Of the layout, which are probed together.
    """
    cache_bytes = count_cache_bytes(topology, binding.cpus)
    wanted = ARRAY_CACHES_RATIO * cache_bytes if cache_bytes else DEFAULT_ARRAY_BYTES
    memory_bytes = min((size for size in (limits.memory_bytes, limits.total_memory_bytes) if size), default=None)
    if memory_bytes is not None:
        wanted = min(wanted, int(memory_bytes * MEMORY_SHARE / ARRAYS / instances))
    return max(LEAST_ARRAY_BYTES, wanted) // 64 * 64
