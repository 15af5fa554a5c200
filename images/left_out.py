"""What no code on a CPU maps: packages that the locks leave out, and files that are removed from packages after installation.

torch's wheel of the package index is made for GPUs and requires all of CUDA. Without the libraries that it is linked to
it does not load, so these stay, mapped and never called. The rest is 2.4 gigabytes.
`tests/unit/images/test_left_out.py` holds both lists against what workers map.

Usage:
    left_out.py packages        print the names of the packages, one a line
    left_out.py remove FOLDER   remove the files from a folder of installed packages (site-packages)
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

PACKAGES: Mapping[str, str] = MappingProxyType(
    {
        "cuda-bindings": "torch imports it only to profile a GPU",
        "cuda-pathfinder": "only cuda-bindings requires it",
        "cuda-toolkit": "it has no files, and requires the others",
        "nvidia-cusolver": "only libtorch_cuda_linalg.so is linked to it, which torch loads for matrices on a GPU",
        "nvidia-nvtx": "annotates the timeline of a GPU's profiler",
        "triton": "compiles kernels for GPUs; for CPUs Inductor writes C++",
    }
)
"""Canonical name (PEP 503) of each package that torch requires and the locks leave out → why."""

FOLDER = "nvidia"
"""Below the folder of packages: where the libraries of CUDA are."""

LINKED = frozenset(
    {
        "libcublas.so.13",
        "libcublasLt.so.13",
        "libcudart.so.13",
        "libcudnn.so.9",
        "libcufft.so.12",
        "libcufile.so.0",
        "libcupti.so.13",
        "libcurand.so.10",
        "libcusparse.so.12",
        "libcusparseLt.so.0",
        "libnccl.so.2",
        "libnvJitLink.so.13",
        "libnvrtc.so.13",
        "libnvshmem_host.so.3",
    }
)
"""Libraries in that folder that torch is linked to, directly or by another of them. Its other files are headers, static
libraries, and what these libraries load for a GPU, such as the engines of cuDNN. They are removed, but for licences."""


def find_unused_files(site_packages: Path) -> Iterator[Path]:
    """Yield the files that are removed.

    Args:
        site_packages: Folder of installed packages.
    """
    for path in sorted((site_packages / FOLDER).rglob("*")):
        if not path.is_dir() and path.name not in LINKED and "license" not in path.name.lower():
            yield path


def main(command: str, *folder: str) -> None:
    """Run the command that the usage describes."""
    if command == "packages":
        print(*PACKAGES, sep="\n")  # noqa: T201 - a script that prints
    else:
        for path in list(find_unused_files(*map(Path, folder))):
            path.unlink()


if __name__ == "__main__":
    main(*sys.argv[1:])
