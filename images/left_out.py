"""What no code on a CPU needs: packages that the locks leave out, and files that are removed from installed packages.

torch's wheel of the package index is made for GPUs and requires Triton and all of CUDA. It does not load without the
libraries that it is linked to, so these stay, and are never called. Intel's OpenMP runtime is in a package with parts for
GPUs, too. The rest is 2.7 gigabytes. `tests/unit/images/test_left_out.py` compares both tables with what workers load.

Usage:
    left_out.py packages        print the names of the packages, one a line
    left_out.py remove FOLDER   remove the files from a folder of installed packages (site-packages)
"""

import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from types import MappingProxyType

PACKAGES: Mapping[str, str] = MappingProxyType(
    {
        "cuda-bindings": "calls CUDA's driver, which is not there; torch imports it to profile a GPU",
        "cuda-pathfinder": "only cuda-bindings requires it",
        "cuda-toolkit": "it has no files, and requires the others",
        "intel-cmplr-lib-ur": "drivers of GPUs, for code that OpenMP offloads to them",
        "nvidia-cusolver": "only libtorch_cuda_linalg.so is linked to it, which torch loads for matrices on a GPU",
        "nvidia-nvtx": "annotates the timeline of a GPU's profiler",
        "tcmlib": "shares out CPUs between runtimes of Intel where TCM_ENABLE asks for it",
        "triton": "compiles kernels for GPUs; for CPUs Inductor writes C++",
        "umf": "memory of GPUs, for code that OpenMP offloads to them",
    }
)
"""Canonical name (PEP 503) of each package that another requires and the locks leave out → why."""

LIBRARIES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "intel-openmp": frozenset({"libiomp5.so"}),
        "nvidia-cublas": frozenset({"libcublas.so.13", "libcublasLt.so.13"}),
        "nvidia-cuda-cupti": frozenset({"libcupti.so.13"}),
        "nvidia-cuda-nvrtc": frozenset({"libnvrtc.so.13"}),
        "nvidia-cuda-runtime": frozenset({"libcudart.so.13"}),
        "nvidia-cudnn-cu13": frozenset({"libcudnn.so.9"}),
        "nvidia-cufft": frozenset({"libcufft.so.12"}),
        "nvidia-cufile": frozenset({"libcufile.so.0"}),
        "nvidia-curand": frozenset({"libcurand.so.10"}),
        "nvidia-cusparse": frozenset({"libcusparse.so.12"}),
        "nvidia-cusparselt-cu13": frozenset({"libcusparseLt.so.0"}),
        "nvidia-nccl-cu13": frozenset({"libnccl.so.2"}),
        "nvidia-nvjitlink": frozenset({"libnvJitLink.so.13"}),
        "nvidia-nvshmem-cu13": frozenset({"libnvshmem_host.so.3"}),
    }
)
"""Package → the libraries in it that are loaded on a CPU: those that torch is linked to, directly or by another of them,
and Intel's OpenMP runtime. The other files of these packages are removed, but for licences: headers, static libraries, and
what is loaded for a GPU, such as the engines of cuDNN."""


def find_unused_files(site_packages: Path) -> Iterator[Path]:
    """Yield the files that are removed, as far as they are there.

    Args:
        site_packages: Folder of installed packages.
    """
    for distribution in distributions(path=[str(site_packages)]):
        libraries = LIBRARIES.get(distribution.metadata["Name"].lower().replace("_", "-"))
        for file in (distribution.files or ()) if libraries is not None else ():
            path = Path(str(distribution.locate_file(file)))
            kept = file.name in libraries or file.parts[0].endswith(".dist-info") or "licens" in str(file).lower()
            if not kept and path.exists():
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
