import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import MachineError
from bench.hardware.tree import MAX_ID, Tree, parse_cpumask
from bench.records.reason import Reason
from bench.records.text import clean_line
from tests.builders import make_reason


def write(root: Path, path: str, data: bytes) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def test_a_missing_file_is_none_and_not_noted(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert tree.text("proc/cpuinfo") is None
    assert tree.line("a/b/c") is None
    assert tree.integer("a") is None
    assert tree.cpulist("a") is None
    assert tree.entries("sys") == ()
    assert tree.missing == ()


def test_a_file_in_a_directorys_place_is_as_good_as_missing(tmp_path: Path) -> None:
    write(tmp_path, "sys", b"")
    tree = Tree(tmp_path)
    assert tree.text("sys/devices") is None
    assert tree.entries("sys") == ()
    assert tree.missing == ()


@pytest.mark.parametrize(
    ("data", "line"),
    [
        pytest.param(b"QEMU\n", "QEMU", id="a line end is cut off"),
        pytest.param(b"QEMU", "QEMU", id="a line end may be missing"),
        pytest.param(b"QEMU\n\0\0", "QEMU", id="NULs at the end are cut off"),
        pytest.param(b"a\x1b[31m\tb", "a [31m b", id="control characters become blanks"),
        pytest.param(b"\xff", "\N{REPLACEMENT CHARACTER}", id="bytes of another encoding are replaced"),
        pytest.param(b" \n", None, id="a blank file is none"),
    ],
)
def test_a_line_is_printable(tmp_path: Path, data: bytes, line: str | None) -> None:
    write(tmp_path, "file", data)
    assert Tree(tmp_path).line("file") == line


@pytest.mark.parametrize(
    ("data", "number"),
    [(b"36\n", 36), (b"-1\n", -1), (b"0", 0), (b"\n", None), (b"0x10", None), (b"007", None), (b"1 2", None)],
)
def test_a_number_is_decimal(tmp_path: Path, data: bytes, number: int | None) -> None:
    write(tmp_path, "file", data)
    assert Tree(tmp_path).integer("file") == number


@pytest.mark.parametrize(
    ("path", "data", "note"),
    [
        pytest.param("file", b"2-1", make_reason("not_a_cpu_list", path="file", text="2-1"), id="a broken list"),
        pytest.param(
            "file", b"0-16384", make_reason("id_out_of_range", path="file", id="16384"), id="a CPU that cannot be"
        ),
    ],
)
def test_a_broken_list_is_none_and_noted(tmp_path: Path, path: str, data: bytes, note: Reason) -> None:
    write(tmp_path, path, data)
    tree = Tree(tmp_path)
    assert tree.cpulist(path) is None
    assert tree.missing == (note,)


def test_a_broken_mask_is_none_and_noted(tmp_path: Path) -> None:
    write(tmp_path, "file", b"0-3")
    tree = Tree(tmp_path)
    assert tree.cpumask("file") is None
    assert tree.missing == (make_reason("not_a_cpu_mask", path="file", text="0-3"),)


def test_a_file_beyond_the_limit_is_none_and_noted(tmp_path: Path) -> None:
    write(tmp_path, "file", b"x" * 101)
    tree = Tree(tmp_path)
    assert tree.text("file", limit=101) == "x" * 101
    assert tree.text("file", limit=100) is None
    assert tree.missing == (make_reason("unreadable", path="file", problem="too_large"),)


def test_a_pipe_in_a_files_place_does_not_stop_detection(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "file")
    tree = Tree(tmp_path)
    assert tree.text("file") is None
    assert tree.missing == (make_reason("unreadable", path="file", problem="not_a_regular_file"),)


def test_links_of_a_recorded_tree_do_not_lead_to_this_host(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root, "inside", b"1")
    write(tmp_path, "outside", b"2")
    (root / "good").symlink_to("inside")
    (root / "bad").symlink_to("../outside")
    (root / "absolute").symlink_to(tmp_path / "outside")
    (root / "directory").symlink_to(tmp_path)
    tree = Tree(root)
    assert tree.text("good") == "1"
    assert tree.text("bad") is None
    assert tree.text("absolute") is None
    assert tree.entries("directory") == ()
    assert not tree.has("directory/outside")
    assert [note.values["problem"] for note in tree.missing] == ["outside_tree"] * 3


def test_only_the_beginning_of_a_very_long_line_is_looked_at() -> None:
    assert clean_line("\x01a" * 1000 + "z", limit=10) == "a a a a a "
    assert clean_line(" " * 2_000 + "z", limit=10) == ""


def test_folders_are_resolved_once_and_stay_inside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root, "devices/cpu0/topology/core_id", b"7")
    write(tmp_path, "outside/core_id", b"8")
    (root / "cpu").mkdir()
    (root / "cpu/cpu0").symlink_to("../devices/cpu0")
    (root / "cpu/cpu1").symlink_to("../../outside")
    (root / "cpu/cpu2").symlink_to("../devices/cpu2")
    tree = Tree(root)
    assert [tree.integer("cpu/cpu0/topology/core_id") for _ in range(2)] == [7, 7]
    assert tree.integer("cpu/cpu0/../cpu0/topology/./core_id") == 7
    assert [tree.integer(f"cpu/cpu1/{name}") for name in ("core_id", "../cpu0/topology/core_id")] == [None, None]
    assert [tree.integer(f"cpu/cpu{number}/topology/core_id") for number in (2, 3, 3)] == [None, None, None]
    assert {note.values["problem"] for note in tree.missing} == {"outside_tree"}


def test_an_unreadable_file_is_noted(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    tree = Tree(tmp_path)
    assert tree.text("loop") is None
    assert tree.entries("loop") == ()
    assert tree.missing == (make_reason("unreadable", path="loop", problem="ELOOP"),)


def test_numbered_entries_are_sorted_by_number(tmp_path: Path) -> None:
    for name in ("cpu10", "cpu2", "cpu0", "cpufreq", "cpu", "cpu01", "xcpu3", f"cpu{MAX_ID + 1}"):
        (tmp_path / "sys" / name).mkdir(parents=True)
    assert Tree(tmp_path).numbered("sys", "cpu") == (0, 2, 10)


def test_the_same_note_is_kept_once_and_printable(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.note("not_a_number", path="a", text="x\x1b[31m")
    tree.note("not_a_number", path="b", text="x")
    tree.note("not_a_number", path="a", text="x\x1b[31m")
    assert [note.values for note in tree.missing] == [{"path": "a", "text": "x [31m"}, {"path": "b", "text": "x"}]


def test_a_root_must_be_a_directory(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="not a directory"):
        Tree(tmp_path / "nowhere")


def test_only_this_hosts_root_is_the_host(tmp_path: Path) -> None:
    assert Tree(Path("/")).is_host
    assert not Tree(tmp_path).is_host


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("3\n", {0, 1}), ("0000,00000000,0000000c", {2, 3}), ("1,00000000", {32}), ("0", set()), ("ff\0", set(range(8)))],
)
def test_reads_masks(text: str, cpus: set[int]) -> None:
    assert parse_cpumask(text) == cpus


@pytest.mark.parametrize("text", ["", "0x3", "3,3", "g", "000000003", "3,", "-1", "1,0000000x"])
def test_refuses_what_is_no_mask(text: str) -> None:
    with pytest.raises(ValueError, match="is not a CPU mask"):
        parse_cpumask(text)


@given(st.frozensets(st.integers(0, 4095), max_size=20))
def test_reads_every_mask_that_the_kernel_writes(cpus: frozenset[int]) -> None:
    digits = f"{sum(1 << cpu for cpu in cpus):01024x}"
    text = ",".join(digits[at : at + 8] for at in range(0, len(digits), 8))
    assert parse_cpumask(text) == cpus


@given(st.text())
def test_a_clean_line_is_one_line(text: str) -> None:
    line = clean_line(text)
    assert len(line.splitlines()) <= 1
    assert len(line) <= 200
    assert clean_line(line) == line
