import os
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bench.hardware.cpuinfo import read_cpuinfo
from bench.hardware.process import Process, parse_auxiliary_vector, read_own_process, read_recorded_process
from bench.hardware.tree import Tree

WORDS = st.integers(0, 2**64 - 1)


@given(st.dictionaries(WORDS, WORDS, max_size=8), st.binary(max_size=15))
def test_reads_an_auxiliary_vector_and_leaves_out_a_cut_pair(vector: dict[int, int], rest: bytes) -> None:
    data = b"".join(struct.pack("=QQ", key, value) for key, value in vector.items())
    assert parse_auxiliary_vector(data + rest) == vector


def test_asks_the_kernel_about_this_process() -> None:
    process = read_own_process(Tree(Path("/")))
    assert process.architecture == os.uname().machine
    assert process.affinity == frozenset(os.sched_getaffinity(0))
    assert process.host_name == os.uname().nodename
    assert process.hwcap > 0


def test_takes_what_a_tree_shows(compose: Callable[[Mapping[str, str]], Path]) -> None:
    tree = Tree(
        compose(
            {
                "proc/cpuinfo": "processor : 0\nCPU implementer : 0x41\nFeatures : asimd\n",
                "proc/self/auxv": struct.pack("=QQQQ", 16, 3, 26, 2).decode(),
                "proc/sys/kernel/hostname": "node7\n",
            }
        )
    )
    assert read_recorded_process(tree, read_cpuinfo(tree)) == Process(
        architecture="aarch64", affinity=None, hwcap=3, hwcap2=2, host_name="node7"
    )


def test_a_tree_that_shows_nothing_gives_nothing(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert read_recorded_process(tree, read_cpuinfo(tree)) == Process(architecture=None)
