"""What images/left_out.py leaves out is mapped by no worker and needed by none, and what stays is needed."""

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
from images.left_out import FOLDER, LINKED, PACKAGES, find_unused_files

SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
LOCKS = [PROJECT / "images" / f"requirements{suffix}.lock" for suffix in ("", "-engines", "-dev")]
INSTALLED = {canonicalize_name(distribution.metadata["Name"]): distribution for distribution in distributions()}

LOADED = """
import torch, torchvision, transformers, torch_geometric
import torch._inductor.compile_fx
print(open("/proc/self/maps").read())
"""


def read_names(lock: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=[lock.name for lock in LOCKS])
def test_no_lock_has_a_package_that_is_left_out(lock: Path) -> None:
    assert "torch" in read_names(lock)
    assert not read_names(lock) & PACKAGES.keys()


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
def test_each_library_for_gpus_that_stays_is_mapped_wherever_torch_is() -> None:
    done = subprocess.run([sys.executable, "-I", "-c", LOADED], capture_output=True, text=True, check=True)
    mapped = {path.name for path in mapped_files(done.stdout) if path.is_relative_to(SITE_PACKAGES / FOLDER)}
    assert mapped == LINKED


def test_files_are_removed_but_for_linked_libraries_and_licences(tmp_path: Path) -> None:
    kept = ["nvidia/cu13/lib/libcublas.so.13", "nvidia/cusparselt/LICENSE.txt", "torch/lib/libtorch_cuda_linalg.so"]
    removed = ["nvidia/cudnn/lib/libcudnn_ops.so.9", "nvidia/cu13/include/cuda.h"]
    for name in (*kept, *removed):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    subprocess.run([sys.executable, "-I", PROJECT / "images/left_out.py", "remove", tmp_path], check=True)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == sorted(kept)
