import tarfile
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Invoke

CPUINFO = "processor : 0\nvendor_id : GenuineIntel\ncpu family : 6\nmodel : 143\nflags : sse2 avx2\n"


def compose(root: Path, cpuinfo: str = CPUINFO) -> Path:
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/cpuinfo").write_text(cpuinfo)
    (root / "proc/sys/kernel/hostname").write_text("turing\n")
    return root


def test_a_recording_shows_the_machine_and_says_what_is_left_out(invoke: Invoke, tmp_path: Path) -> None:
    root, file = compose(tmp_path / "machine"), tmp_path / "my machine.tar.gz"
    outcome = invoke("detect", "--root", str(root), "--record", str(file))
    assert outcome.status == 0
    assert outcome.out == invoke("detect", "--root", str(root)).out
    lines = outcome.err.splitlines()
    assert lines[0].startswith(f"{file}: 2 files, ")
    assert any("serial numbers" in line for line in lines)
    assert any("host's name" in line for line in lines)
    assert lines[-1] == f"Check it before you send it: tar tf '{file}'"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["machine", "my machine.tar.gz"]


def test_a_recorded_machine_can_be_shown(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "machine.tar.gz"
    shown = invoke("detect", "--record", str(file), "--json").out
    with tarfile.open(file) as archive:
        archive.extractall(tmp_path, filter="data")
    again = invoke("detect", "--root", str(tmp_path / "root"), "--json").out
    lines = [[line for line in text.splitlines() if '"host_name"' not in line] for text in (shown, again)]
    assert lines[0] == lines[1]


def test_an_existing_file_is_not_overwritten(invoke: Invoke, tmp_path: Path) -> None:
    root, file = compose(tmp_path / "machine"), tmp_path / "machine.tar.gz"
    file.write_text("mine")
    outcome = invoke("detect", "--root", str(root), "--record", str(file))
    assert outcome.status == 7
    assert outcome.err == f"bench: {file}: exists already; move it or choose another name\n"
    assert outcome.out == ""
    assert file.read_text() == "mine"


def test_a_folder_that_is_not_there_is_named(invoke: Invoke, tmp_path: Path) -> None:
    outcome = invoke("detect", "--root", str(compose(tmp_path / "m")), "--record", str(tmp_path / "no/such/file"))
    assert outcome.status == 7
    assert outcome.err.count("\n") == 1
    assert "there is no folder" in outcome.err


@pytest.mark.parametrize("cpuinfo", ["", "processor : none\n"], ids=["empty", "without a CPU"])
def test_a_machine_that_cannot_be_detected_is_recorded_too(invoke: Invoke, tmp_path: Path, cpuinfo: str) -> None:
    root, file = compose(tmp_path / "machine", cpuinfo), tmp_path / "machine.tar.gz"
    outcome = invoke("detect", "--root", str(root), "--record", str(file))
    assert outcome.status == 7
    assert "name no online CPU" in outcome.err.splitlines()[-1]
    with tarfile.open(file) as archive:
        assert "root/proc/cpuinfo" in archive.getnames()
