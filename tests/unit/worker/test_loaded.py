"""What a worker has loaded is held against what is installed."""

import base64
import hashlib
import json
import sys
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path

import pytest

from bench.launch.failure import WorkerFailedError
from bench.records.measurement import LoadedFiles
from bench.report.reasons import describe_reason
from bench.worker.loaded import (
    Recorded,
    compare_hashes,
    find_libraries,
    find_packages,
    index_records,
    list_modules,
    verify_loaded,
)

CONV = b"def conv(): ...\n"


def entry(path: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    return f"{path},sha256={digest}"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Installed packages: one with two modules, in a name that is spelt otherwise than its module's."""
    site = tmp_path / "site-packages"
    (site / "torch_geometric").mkdir(parents=True)
    (site / "torch_geometric" / "__init__.py").write_bytes(b"")
    (site / "torch_geometric" / "conv.py").write_bytes(CONV)
    info = site / "torch_geometric-2.8.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torch-geometric\nVersion: 2.8.1\n")
    lines = [entry("torch_geometric/__init__.py", b""), entry("torch_geometric/conv.py", CONV)]
    record = "".join(f"{line},{len(line)}\n" for line in lines)
    (info / "RECORD").write_text(f"{record}torch_geometric/__pycache__/conv.cpython-311.pyc,,\n")
    return site


@pytest.fixture
def records(site: Path) -> Mapping[str, Recorded]:
    return index_records(distributions(path=[str(site)]))


def explain(error: WorkerFailedError) -> str:
    return describe_reason(error.failure.cause)


def test_modules_are_stated_by_package_with_a_digest_that_its_list_gives(
    site: Path, records: Mapping[str, Recorded]
) -> None:
    owned = find_packages({site / "torch_geometric" / "conv.py": "torch_geometric.conv"}, records, ())
    line = entry("torch_geometric/conv.py", CONV)
    digest = hashlib.sha256(f"{line}\n".encode()).hexdigest()
    assert compare_hashes(owned, {}) == {"torch-geometric": LoadedFiles(files=1, digest=f"sha256:{digest}")}


def test_a_changed_copy_elsewhere_is_named_with_the_package(tmp_path: Path, records: Mapping[str, Recorded]) -> None:
    copy = tmp_path / "here" / "torch_geometric" / "conv.py"
    with pytest.raises(WorkerFailedError) as caught:
        find_packages({copy: "torch_geometric.conv"}, records, ())
    assert explain(caught.value) == (
        f"module torch_geometric.conv was loaded from {copy}, not from the installed package torch-geometric: "
        "remove that file"
    )


def test_a_module_of_no_package_is_named(site: Path, tmp_path: Path, records: Mapping[str, Recorded]) -> None:
    file = site / "torch_geo.py"
    with pytest.raises(WorkerFailedError) as caught:
        find_packages({file: "torch_geo"}, records, [tmp_path])  # as where a standard library holds site-packages
    assert explain(caught.value) == (
        f"torch_geo was loaded from {file}, which belongs to no installed package: remove it, or install its package "
        "from a wheel"
    )


def test_modules_of_the_standard_library_and_of_compilers_belong_to_no_package(
    tmp_path: Path, records: Mapping[str, Recorded]
) -> None:
    modules = {tmp_path / "lib" / "statistics.py": "statistics", tmp_path / "scratch" / "c1" / "x.py": "x"}
    assert find_packages(modules, records, [tmp_path / "lib", tmp_path / "scratch"]) == {}


def test_a_file_that_was_changed_in_place_is_named_with_both_hashes(
    site: Path, records: Mapping[str, Recorded]
) -> None:
    file = site / "torch_geometric" / "conv.py"
    file.write_bytes(CONV + b"#")
    with pytest.raises(WorkerFailedError) as caught:
        compare_hashes(find_packages({file: "torch_geometric.conv"}, records, ()), {})
    assert explain(caught.value) == (
        f"{file} was changed after it was installed: its hash is {entry('', CONV + b'#')[1:]}, the package "
        f"torch-geometric states {entry('', CONV)[1:]}: install the package again"
    )


def test_a_file_that_disappeared_is_not_as_it_was_installed(site: Path, records: Mapping[str, Recorded]) -> None:
    file = site / "torch_geometric" / "conv.py"
    owned = find_packages({file: "torch_geometric.conv"}, records, ())
    file.unlink()
    with pytest.raises(WorkerFailedError, match="unreadable: "):
        compare_hashes(owned, {})


def test_a_file_is_hashed_once_a_run_and_again_when_it_changes(site: Path, records: Mapping[str, Recorded]) -> None:
    file = site / "torch_geometric" / "conv.py"
    owned = find_packages({file: "torch_geometric.conv"}, records, ())
    (path,) = owned
    compare_hashes(owned, hashes := {})
    hashes[path] = type(hashes[path])(*hashes[path].identity[:4], f"sha256={'A' * 43}")
    with pytest.raises(WorkerFailedError, match="AAAA"):  # what is known is believed
        compare_hashes(owned, hashes)
    file.write_bytes(CONV + b" ")
    file.write_bytes(CONV)
    compare_hashes(owned, hashes)


def test_libraries_are_held_against_their_packages_too(site: Path, tmp_path: Path) -> None:
    library = site / "torch_geometric" / "lib.so"
    library.write_bytes(b"ELF")
    records = {str(library): Recorded("torch-geometric", "torch_geometric/lib.so", "sha256=x")}
    of_the_system = tmp_path / "usr" / "libm.so"
    assert find_libraries([library, of_the_system], records, {"torch-geometric"}) == records
    assert find_libraries([library], records, {"another"}) == {}
    with pytest.raises(WorkerFailedError) as caught:
        find_libraries([library], {}, {"torch-geometric"})
    assert explain(caught.value).startswith(f"lib.so was loaded from {library}, which belongs to no installed package")


def test_modules_have_files_unless_they_are_built_in_or_frozen() -> None:
    modules = list_modules()
    assert modules[Path(json.__file__)] == "json"
    assert not {"sys", "zipimport"} & set(modules.values())


def test_this_process_has_loaded_a_module_that_belongs_to_no_package(tmp_path: Path) -> None:
    """These tests: neither installed, nor of the standard library."""
    assert __name__ in sys.modules
    with pytest.raises(WorkerFailedError, match="module_of_no_package"):
        verify_loaded(tmp_path)


def test_what_compilers_wrote_is_found_below_a_scratch_folder_with_a_relative_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "results" / "cell" / "kernel.py"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bench.worker.loaded.list_modules", lambda: {written: "kernel"})
    assert verify_loaded(Path("results")) == {}
