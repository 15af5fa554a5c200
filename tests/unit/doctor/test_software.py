from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from bench.doctor.software import (
    Folder,
    find_compiler_finding,
    find_engine_finding,
    find_folder_findings,
    find_libraries,
    find_mount,
    read_folder,
)
from bench.errors import EnvironmentUnfitError
from bench.hardware.tree import Tree
from bench.records.profile import Setting
from tests.builders import PROFILE
from tests.unit.doctor.findings import pick
from tests.unit.hardware.conftest import Compose

WANTS = msgspec.structs.replace(
    PROFILE,
    openmp=Setting(value="llvm", source="a test", evidence="derived"),
    allocator=Setting(value="jemalloc", source="a test", evidence="derived"),
)
LOCAL = Folder(path="/results", writable=True, free_bytes=1 << 40, file_system="ext4", executable=True)
MOUNTS = r"""22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:44 / /home rw,noexec - nfs4 server:/home rw
31 30 0:45 / /home/my\040data rw - tmpfs tmpfs rw
32 30 0:46 / /home/my\040data rw - xfs /dev/vdb rw
broken
"""


def test_a_library_that_is_not_installed_is_missing_with_its_package(tmp_path: Path) -> None:
    (tmp_path / "libomp.so.5").touch()
    openmp, allocator = find_libraries(WANTS, [tmp_path])
    assert (openmp.severity, openmp.reason.code) == ("fine", "library_installed")
    assert (allocator.severity, allocator.reason.code) == ("missing", "library_missing")
    assert "libjemalloc2" in allocator.reason.values["package"]
    assert allocator.reason.values["option"] == "--allocator system"


def test_torchs_own_runtime_and_the_systems_allocator_are_always_there(tmp_path: Path) -> None:
    assert {finding.reason.code for finding in find_libraries(PROFILE, [tmp_path])} == {"library_included"}


def test_without_a_profile_libraries_are_unknown() -> None:
    assert {finding.severity for finding in find_libraries(None)} == {"unknown"}


def test_a_compiler_is_looked_for_where_inductor_looks(tmp_path: Path) -> None:
    compiler = tmp_path / "g++"
    assert find_compiler_finding({"PATH": str(tmp_path)}).reason.code == "compiler_absent"
    compiler.write_text("")
    compiler.chmod(0o755)
    assert find_compiler_finding({"PATH": str(tmp_path)}).reason.code == "compiler_found"
    assert find_compiler_finding({"PATH": str(tmp_path), "CXX": "clang++ -v"}).severity == "missing"


def test_an_engine_that_cannot_be_used_is_missing_with_the_reason() -> None:
    def refuse() -> None:
        raise EnvironmentUnfitError("no Docker engine answers at unix:///nowhere")

    finding = find_engine_finding(refuse)
    assert (finding.severity, finding.reason.code) == ("missing", "engine_unusable")
    assert "unix:///nowhere" in finding.reason.values["problem"]
    assert find_engine_finding(lambda: None).severity == "fine"


def test_the_engine_that_is_asked_is_the_one_that_containers_use(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[bool] = []

    @contextmanager
    def open_engine() -> Iterator[None]:
        opened.append(True)
        yield

    monkeypatch.setattr("bench.doctor.software.open_engine", open_engine)
    assert find_engine_finding().reason.code == "engine_answers"
    assert opened == [True]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, [("fine", "folder_local")], id="a local disk"),
        pytest.param({"file_system": "nfs4"}, [("slow", "folder_on_network")], id="NFS"),
        pytest.param({"file_system": "fuse.sshfs"}, [("slow", "folder_on_network")], id="FUSE"),
        pytest.param({"executable": False}, [("missing", "folder_not_executable")], id="noexec"),
        pytest.param({"writable": False}, [("missing", "folder_not_writable")], id="read-only"),
        pytest.param({"free_bytes": 1 << 20}, [("missing", "folder_full")], id="full"),
        pytest.param({"file_system": None, "executable": None}, [("unknown", "not_shown")], id="no mount table"),
    ],
)
def test_finds_what_stands_against_a_folder(values: dict[str, object], expected: list[tuple[str, str]]) -> None:
    folder = msgspec.structs.replace(LOCAL, **values)
    assert pick(find_folder_findings(folder), "results_folder") == expected


@pytest.mark.parametrize(
    ("path", "file_system", "executable"),
    [("/results", "ext4", True), ("/home/x", "nfs4", False), ("/home/my data/x", "xfs", True)],
)
def test_the_innermost_and_latest_mount_holds_a_path(path: str, file_system: str, executable: bool) -> None:
    found = find_mount(MOUNTS, Path(path))
    assert found is not None
    assert (found[0], "noexec" not in found[1]) == (file_system, executable)


def test_a_folder_that_is_not_there_is_judged_by_its_parent_and_not_made(tmp_path: Path, compose: Compose) -> None:
    tree = Tree(compose({"proc/self/mountinfo": MOUNTS}))
    folder = read_folder(tmp_path / "no" / "such", tree)
    assert (folder.path, folder.file_system, folder.writable) == (str(tmp_path), "ext4", True)
    assert not (tmp_path / "no").exists()
