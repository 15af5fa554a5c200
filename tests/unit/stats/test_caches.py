from msgspec.structs import replace

from bench.records.machine import Cache, Topology
from bench.stats.caches import choose_array_bytes, count_cache_bytes
from tests.builders import BINDING, make_machine

MIB = 1 << 20
MACHINE = make_machine(cpus=4)
CACHES = (
    Cache(level=1, size_bytes=48 << 10, shared_by=("0", "1", "2", "3")),
    Cache(level=2, size_bytes=MIB, shared_by=("0", "1", "2", "3")),
    Cache(level=3, size_bytes=32 * MIB, shared_by=("0-1", "2-3")),
)


def topology(*caches: Cache) -> Topology:
    return replace(MACHINE.topology, caches=caches or CACHES)


def test_all_caches_beyond_the_first_level_that_the_cpus_reach_count_once() -> None:
    assert count_cache_bytes(topology(), "0") == 33 * MIB
    assert count_cache_bytes(topology(), "0-1") == 34 * MIB
    assert count_cache_bytes(topology(), "1-2") == 66 * MIB


def test_caches_that_were_not_recorded_are_unknown_and_not_none() -> None:
    assert count_cache_bytes(MACHINE.topology, "0-1") is None


def test_each_array_is_four_times_the_caches() -> None:
    assert choose_array_bytes(topology(), MACHINE.limits, BINDING, 1) == 136 * MIB


def test_arrays_have_a_fixed_size_where_caches_are_unknown() -> None:
    assert choose_array_bytes(MACHINE.topology, MACHINE.limits, BINDING, 1) == 128 * MIB


def test_the_arrays_of_all_instances_take_a_quarter_of_the_memory_at_most() -> None:
    limits = replace(MACHINE.limits, memory_bytes=3 << 30)
    assert choose_array_bytes(topology(), limits, BINDING, 1) == 136 * MIB
    assert choose_array_bytes(topology(), limits, BINDING, 4) == 64 * MIB
    assert choose_array_bytes(topology(), replace(limits, memory_bytes=1000), BINDING, 1) == MIB


def test_arrays_have_no_bound_where_the_memory_is_unknown() -> None:
    unknown = replace(MACHINE.limits, memory_bytes=None, total_memory_bytes=None)
    assert choose_array_bytes(topology(), unknown, BINDING, 64) == 136 * MIB
