"""Nothing needs what images/left_out.py leaves out, and what stays of those packages is loaded."""

import os
import re
import subprocess
import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bench.bundle.source import PROJECT
from bench.launch.libraries import mapped_files
from images.left_out import LIBRARIES, PACKAGES, find_unused_files

SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
LOCKS = [PROJECT / "images" / f"requirements{suffix}.lock" for suffix in ("", "-engines", "-dev")]
INSTALLED = {canonicalize_name(distribution.metadata["Name"]): distribution for distribution in distributions()}

LOAD = """
import torch, torchvision, transformers, torch_geometric
import torch._inductor.compile_fx
print(open("/proc/self/maps").read())
"""


def read_names(lock: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=[lock.name for lock in LOCKS])
def test_no_lock_has_a_package_that_is_left_out(lock: Path) -> None:
    assert not read_names(lock) & PACKAGES.keys()
    assert read_names(lock) >= LIBRARIES.keys() | {"torch"}


def test_nothing_that_is_left_out_is_installed() -> None:
    assert not INSTALLED.keys() & PACKAGES.keys()
    assert list(find_unused_files(SITE_PACKAGES)) == []


def test_packages_require_nothing_else_that_is_missing() -> None:
    """What pip would check, if it did not install with --no-deps."""
    missing = {
        canonicalize_name(requirement.name)
        for distribution in INSTALLED.values()
        for requirement in map(Requirement, distribution.requires or ())
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if canonicalize_name(requirement.name) not in INSTALLED
    }
    assert missing <= PACKAGES.keys()


@pytest.mark.torch
@pytest.mark.skipif("+cpu" in INSTALLED["torch"].version, reason="PyTorch's CPU-only wheel is linked to none of them")
def test_each_library_that_stays_is_mapped_where_torch_and_the_runtime_are_loaded() -> None:
    preloads = [SITE_PACKAGES.parents[1] / "libiomp5.so"] if "intel-openmp" in INSTALLED else []
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOAD],
        env={**os.environ, "LD_PRELOAD": ":".join(map(str, preloads))},
        capture_output=True,
        text=True,
        check=True,
    )
    mapped = {os.path.realpath(path) for path in mapped_files(done.stdout)}
    expected = {
        os.path.realpath(str(distribution.locate_file(file)))
        for name, libraries in LIBRARIES.items()
        if (distribution := INSTALLED.get(name)) is not None
        for file in distribution.files or ()
        if file.name in libraries
    }
    assert len(expected) >= 14
    assert expected <= mapped


def test_files_are_removed_but_for_libraries_and_licences(tmp_path: Path) -> None:
    site_packages = tmp_path / "lib/python3.11/site-packages"
    kept = [
        "intel_openmp-1.dist-info/METADATA",
        "intel_openmp-1.dist-info/RECORD",
        "../../libiomp5.so",
        "../../../share/doc/licensing/terms.txt",
    ]
    removed = ["../../libomptarget.so", "../../../include/omp.h"]
    others = ["torch/lib/libtorch_cuda_linalg.so", "../../libomp.so"]
    for name in (*kept, *removed, *others):
        (site_packages / name).parent.mkdir(parents=True, exist_ok=True)
        (site_packages / name).touch()
    (site_packages / kept[0]).write_text("Metadata-Version: 2.1\nName: intel_openmp\nVersion: 1\n")
    (site_packages / kept[1]).write_text("".join(f"{name},,\n" for name in (*kept, *removed, "../../gone.so")))

    for _ in range(2):  # the second finds nothing more
        subprocess.run([sys.executable, "-I", PROJECT / "images/left_out.py", "remove", site_packages], check=True)
        left = {path for path in tmp_path.rglob("*") if path.is_file()}
        assert left == {(site_packages / name).resolve() for name in (*kept, *others)}
