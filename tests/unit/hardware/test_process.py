import os
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.hardware.cpuinfo import read_cpuinfo
from bench.hardware.process import (
    Process,
    parse_auxiliary_vector,
    read_own_process,
    read_process,
    read_recorded_process,
)
from bench.hardware.tree import Tree
from tests.builders import make_reason

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


STATEMENT = (
    '{"schema": "bench-recording/2", "bench_version": "1.0", "architecture": "aarch64", "affinity": "0-1",'
    ' "hwcap": 7, "hwcap2": 9223372036854775808, "unreadable": [{"code": "unreadable", "values": {"problem": "EACCES"}}]}'
)


def test_a_recording_states_its_process_better_than_the_files_show_it(
    compose: Callable[[Mapping[str, str]], Path],
) -> None:
    tree = Tree(compose({"proc/cpuinfo": "cpu family : 6\n", "bench-recording.json": STATEMENT}))
    assert read_process(tree, read_cpuinfo(tree)) == Process(
        architecture="aarch64", affinity=frozenset({0, 1}), hwcap=7, hwcap2=1 << 63
    )
    assert make_reason("unreadable", problem="EACCES") in tree.missing


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("", "not a valid RecordedProcess"),
        ("[" * 100_000, "not a valid RecordedProcess"),
        (STATEMENT.replace("recording/2", "recording/1"), "Invalid enum value 'bench-recording/1'"),
        (STATEMENT.replace('"schema": "bench-recording/2", ', ""), "missing required field `schema`"),
        (STATEMENT.replace("bench_version", "colour"), "unknown field `colour`"),
        (STATEMENT.replace("aarch64", "a b\\n"), "matching regex"),
        (STATEMENT.replace("0-1", "1-0"), "bad range '1-0'"),
        (STATEMENT.replace("0-1", "0-65535"), "65535"),
        (STATEMENT.replace("7,", "-7,"), "Expected `int` >= 0"),
        (STATEMENT.replace("7,", '"7",'), "Expected `int`, got `str`"),
        (STATEMENT.replace("EACCES", "x" * 5000), "length <= 4096"),
        (STATEMENT + " " * (4 << 20), "too_large"),
    ],
    ids=lambda value: value[:40],
)
def test_a_statement_that_is_not_strictly_valid_is_ignored(
    compose: Callable[[Mapping[str, str]], Path], statement: str, reason: str
) -> None:
    tree = Tree(compose({"proc/cpuinfo": "cpu family : 6\n", "bench-recording.json": statement}))
    assert read_process(tree, read_cpuinfo(tree)) == Process(architecture="x86_64")
    assert any(reason in text for note in tree.missing for text in note.values.values())
