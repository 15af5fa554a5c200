from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from typing_extensions import override

from bench.hardware.caches import read_caches
from bench.hardware.detect import detect
from bench.hardware.tree import Tree
from bench.records.machine import Cache
from tests.builders import make_reason

CPU = "sys/devices/system/cpu"
KIB = 1024

Unpack = Callable[[str], Path]
Compose = Callable[[Mapping[str, str]], Path]


def cache(cpu: int, index: int, *, level: str, size: str, shared: str, kind: str = "Unified") -> dict[str, str]:
    base = f"{CPU}/cpu{cpu}/cache/index{index}"
    return {
        f"{base}/level": level,
        f"{base}/size": size,
        f"{base}/type": kind,
        f"{base}/shared_cpu_list": shared,
    }


@pytest.mark.parametrize(
    ("name", "caches"),
    [
        pytest.param(
            "hwloc-kunpeng-920", [(1, 64, 128), (2, 512, 128), (3, 32768, 4)], id="four dies of an Arm server"
        ),
        pytest.param(
            "hwloc-i7-1370p",
            [(1, 32, 8), (1, 48, 6), (2, 1280, 6), (2, 2048, 2), (3, 24576, 1)],
            id="large and small cores with caches of different sizes",
        ),
        pytest.param("hwloc-xeon-6230-mod4", [(1, 32, 40), (2, 1024, 40), (3, 28160, 2)], id="two packages"),
    ],
)
def test_finds_the_caches_of_recorded_machines(recorded: Unpack, name: str, caches: list[tuple[int, int, int]]) -> None:
    machine = detect(recorded(name))
    assert machine.topology.caches is not None
    found = [(entry.level, entry.size_bytes // KIB, len(entry.shared_by)) for entry in machine.topology.caches]
    assert found == caches
    assert machine.missing == ()


def test_a_machine_that_shows_no_sizes_has_no_record_of_them(recorded: Unpack) -> None:
    assert detect(recorded("nto-xeon-6330")).topology.caches is None


def test_instruction_caches_hold_no_data(compose: Compose) -> None:
    files = cache(0, 0, level="1", size="32K", shared="0", kind="Instruction")
    files |= cache(0, 1, level="1", size="48K", shared="0", kind="Data")
    assert read_caches(Tree(compose(files)), frozenset({0})) == (Cache(level=1, size_bytes=48 * KIB, shared_by=("0",)),)


def test_offline_cpus_share_nothing(compose: Compose) -> None:
    tree = Tree(compose(cache(0, 3, level="3", size="32768K", shared="0-7")))
    assert read_caches(tree, frozenset({0, 1})) == (Cache(level=3, size_bytes=32 << 20, shared_by=("0-1",)),)


def test_a_size_that_is_none_is_noted(compose: Compose) -> None:
    tree = Tree(compose(cache(0, 3, level="3", size="much", shared="0")))
    assert read_caches(tree, frozenset({0})) is None
    assert tree.missing == (make_reason("not_a_size", path=f"{CPU}/cpu0/cache/index3/size", text="'much'"),)


def test_a_cache_is_read_once_for_all_cpus_that_share_it(compose: Compose) -> None:
    class Counting(Tree):
        sizes = 0

        @override
        def line(self, path: str) -> str | None:
            self.sizes += path.endswith("/size")
            return super().line(path)

    files: dict[str, str] = {}
    for cpu in range(8):
        files |= cache(cpu, 3, level="3", size="1024K", shared="0-3" if cpu < 4 else "4-7")
    tree = Counting(compose(files))
    caches = read_caches(tree, frozenset(range(8)))
    assert caches == (Cache(level=3, size_bytes=1 << 20, shared_by=("0-3", "4-7")),)
    assert tree.sizes == 2
