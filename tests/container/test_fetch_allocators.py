"""Native runs get the allocators of the image's lock from a mirror that this host's apt knows, or none, and no others."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.bundle.source import PROJECT
from bench.launch.libraries import find_library
from bench.records.image import ENGINE_ARCHITECTURES

pytestmark = pytest.mark.docker

PACKAGES = {"libjemalloc2": "libjemalloc.so.2", "libtcmalloc-minimal4": "libtcmalloc_minimal.so.4"}
ARCH = ENGINE_ARCHITECTURES[os.uname().machine]  # type: ignore[index] # the image's tests run on no other


def build_package(folder: Path, name: str, library: str) -> Path:
    tree = folder / name
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: {ARCH}\nMaintainer: nobody <nobody@invalid>\nDescription: a library\n"
    )
    (tree / "usr/lib/x-linux-gnu").mkdir(parents=True)
    (tree / "usr/lib/x-linux-gnu" / f"{library}.1").write_text(name)
    (tree / "usr/lib/x-linux-gnu" / library).symlink_to(f"{library}.1")
    package = folder / f"{name}_1_{ARCH}.deb"
    subprocess.run(["dpkg-deb", "--build", tree, package], capture_output=True, check=True)  # noqa: S607 - on PATH
    return package


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder whose lock names two .debs, and an apt that knows a mirror which has them."""
    (tmp_path / "images").mkdir()
    shutil.copy(PROJECT / "images/fetch-allocators.sh", tmp_path / "images")
    pool = tmp_path / "mirror/pool"
    pool.mkdir(parents=True)
    stanzas = ["Package: g++\nFilename: pool/g++.deb\nSHA256: 0\n"]
    for name, library in PACKAGES.items():
        package = build_package(tmp_path, name, library).rename(pool / f"{name}.deb")
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        stanzas.append(f"Package: {name}\nFilename: pool/{name}.deb\nSHA256: {digest}\n")
    (tmp_path / f"images/base-{ARCH}.lock").write_text("\n".join(stanzas))
    (tmp_path / "sources.list").write_text(f"deb [trusted=yes] copy:{tmp_path}/mirror/ ./\n")
    (tmp_path / "apt.conf").write_text(
        f'Dir::Etc::SourceList "{tmp_path}/sources.list";\nDir::Etc::SourceParts "/dev/null";\n'
    )
    (tmp_path / "venv/lib").mkdir(parents=True)
    return tmp_path


def fetch(checkout: Path) -> str:
    done = subprocess.run(
        [checkout / "images/fetch-allocators.sh", "venv"],
        cwd=checkout,
        env={**os.environ, "APT_CONFIG": str(checkout / "apt.conf")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    return done.stderr


def test_the_locked_files_are_where_bench_looks_first(checkout: Path) -> None:
    assert fetch(checkout) == ""
    for name, allocator in (("libjemalloc2", "jemalloc"), ("libtcmalloc-minimal4", "tcmalloc")):
        found = find_library(allocator, [checkout / "venv/lib"])
        assert found is not None
        assert found.read_text() == name


def test_another_file_under_the_same_name_is_not_taken_and_said_once(checkout: Path) -> None:
    with (checkout / "mirror/pool/libjemalloc2.deb").open("ab") as file:
        file.write(b"more")
    assert fetch(checkout) == (
        "libjemalloc2.deb of the image's lock is on no mirror of this host; bench takes the system's, if it is installed\n"
    )
    assert find_library("jemalloc", [checkout / "venv/lib"]) is None
    assert find_library("tcmalloc", [checkout / "venv/lib"]) is not None
    assert fetch(checkout) == ""


def test_another_lock_is_another_try(checkout: Path) -> None:
    (checkout / "mirror/pool").rename(checkout / "mirror/moved")
    assert fetch(checkout).count("on no mirror") == 2
    lock = checkout / f"images/base-{ARCH}.lock"
    lock.write_text(lock.read_text().replace("pool/", "moved/"))
    assert fetch(checkout) == ""
    assert find_library("jemalloc", [checkout / "venv/lib"]) is not None
