import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from bench.errors import EnvironmentUnfitError
from bench.launch.environment import FIXED
from bench.launch.libraries import (
    LIBRARIES,
    find_library_problem,
    find_preloads,
    find_symbol,
    mapped_files,
    read_libraries,
)
from bench.records.cpulist import format_cpulist
from bench.records.effective import Library
from bench.records.profile import ALLOCATORS, OPENMP_RUNTIMES, Allocator, OpenMpRuntime, Runtime
from bench.report.reasons import describe_reason
from tests.builders import DIGEST, RUNTIME
from tests.builders import LIBRARIES as LOADED

ALLOWED = format_cpulist(os.sched_getaffinity(0))

WORKER = f"""
import json, os, sys
import msgspec
from bench.launch.binding import bind_process, read_effective, restore_main_thread_affinity
from bench.records.profile import Binding
os.environ.pop("LD_PRELOAD", None)
binding = Binding(cpus="{ALLOWED}", memory_nodes="", threads={len(os.sched_getaffinity(0))})
kind = bind_process(binding)
import torch
torch.set_num_threads(binding.threads)
narrowed = len(os.sched_getaffinity(0))
restore_main_thread_affinity(binding)
torch.ones(1 << 18).add(1).sum()
narrowed = min(narrowed, len(os.sched_getaffinity(0)))
restore_main_thread_affinity(binding)
held = read_effective(kind, torch.get_num_threads())
print(json.dumps([narrowed, msgspec.to_builtins(held)]))
"""

OPENVINO = """
import numpy, openvino
from openvino import opset13 as ops
given = ops.parameter([2], numpy.float32)
model = openvino.Model([ops.add(given, given)], [given])
compiled = openvino.Core().compile_model(model, "CPU")
print(compiled(numpy.array([1, 2], numpy.float32))[0].tolist())
"""


def in_worker(runtime: Runtime, variables: Mapping[str, str]) -> tuple[int, dict[str, object]]:
    """Load torch as a worker does: CPUs to which the runtime narrowed the main thread, and what is effective after."""
    preload = ":".join(map(str, find_preloads(runtime)))
    environment = {"PATH": os.environ["PATH"], "LD_PRELOAD": preload, **variables}
    done = subprocess.run(
        [sys.executable, "-c", WORKER], capture_output=True, text=True, check=False, timeout=300, env=environment
    )
    assert done.returncode == 0, done.stderr
    narrowed, held = msgspec.json.decode(done.stdout.splitlines()[-1])
    return narrowed, held


@pytest.mark.torch
@pytest.mark.parametrize("openmp", OPENMP_RUNTIMES)
@pytest.mark.parametrize("allocator", ALLOCATORS)
def test_the_chosen_libraries_are_effective(openmp: OpenMpRuntime, allocator: Allocator) -> None:
    runtime = Runtime(openmp=openmp, allocator=allocator)
    _, held = in_worker(runtime, {})
    assert find_library_problem(runtime, msgspec.convert(held["libraries"], tuple[Library, ...])) is None


@pytest.mark.torch
@pytest.mark.parametrize("allocator", ALLOCATORS)
def test_openvino_lives_with_every_allocator(allocator: Allocator) -> None:
    preload = ":".join(map(str, find_preloads(Runtime(openmp="gnu", allocator=allocator))))
    environment = {"PATH": os.environ["PATH"], "LD_PRELOAD": preload, **FIXED}
    done = subprocess.run(
        [sys.executable, "-c", OPENVINO], capture_output=True, text=True, check=False, timeout=300, env=environment
    )
    assert (done.returncode, done.stdout) == (0, "[2.0, 4.0]\n"), done.stderr


NARROWING = [
    ("gnu", "OMP_PROC_BIND", "close"),
    ("gnu", "GOMP_CPU_AFFINITY", ALLOWED),
    ("intel", "OMP_PROC_BIND", "close"),
    ("intel", "KMP_AFFINITY", "granularity=fine,compact,1,0"),
    ("llvm", "OMP_PROC_BIND", "close"),
    ("llvm", "KMP_AFFINITY", "granularity=fine,compact,1,0"),
]


@pytest.mark.torch
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one CPU cannot be narrowed")
@pytest.mark.parametrize(("openmp", "name", "value"), NARROWING, ids=[f"{entry[0]}, {entry[1]}" for entry in NARROWING])
def test_a_runtime_that_places_threads_does_not_narrow_the_main_one(
    openmp: OpenMpRuntime, name: str, value: str
) -> None:
    narrowed, held = in_worker(Runtime(openmp=openmp, allocator="system"), {name: value})
    assert narrowed == 1, "this runtime no longer narrows: the test shows nothing"
    assert held["main_cpus"] == held["cpus"] == ALLOWED


def test_torchs_own_runtime_and_the_systems_allocator_need_no_file() -> None:
    assert find_preloads(RUNTIME, ()) == ()


@pytest.mark.parametrize(
    ("openmp", "allocator", "file", "package"),
    [
        ("intel", "system", "libiomp5.so", "intel-openmp"),
        ("llvm", "system", "libomp.so.5", "cmeel-libomp"),
        ("gnu", "jemalloc", "libjemalloc.so.2", "apt-get install libjemalloc2"),
        ("gnu", "tcmalloc", "libtcmalloc_minimal.so.4", "apt-get install libtcmalloc-minimal4"),
    ],
)
def test_a_missing_library_names_its_package(
    openmp: OpenMpRuntime, allocator: Allocator, file: str, package: str, tmp_path: Path
) -> None:
    with pytest.raises(EnvironmentUnfitError, match=f"{file} is not installed: install .*{package}.*, or run with --"):
        find_preloads(Runtime(openmp=openmp, allocator=allocator), (tmp_path,))


def test_the_first_folder_that_has_a_library_is_taken(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "libjemalloc.so.2").touch()
    found = find_preloads(
        Runtime(openmp="gnu", allocator="jemalloc"), (tmp_path / "none", tmp_path / "b", tmp_path / "a")
    )
    assert found == (tmp_path / "b/libjemalloc.so.2",)


@pytest.mark.parametrize("folder", ["with blank", "with:colon"])
def test_a_path_that_a_preload_cannot_name_is_passed_over(folder: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "libjemalloc.so.2").touch()
    with pytest.raises(EnvironmentUnfitError, match="is not installed"):
        find_preloads(Runtime(openmp="gnu", allocator="jemalloc"), (tmp_path / folder,))


def test_every_library_that_a_profile_may_choose_is_known() -> None:
    assert set(LIBRARIES) == {*OPENMP_RUNTIMES, *ALLOCATORS} - {"gnu", "system"}


def test_mapped_files_are_listed_once_without_what_is_no_file() -> None:
    maps = (
        "7f00-7f01 r-xp 00000000 08:01 12    /usr/lib/libc.so.6\n"
        "7f01-7f02 r--p 00000000 08:01 12    /usr/lib/libc.so.6\n"
        "7f02-7f03 rw-p 00000000 00:00 0 \n"
        "7f03-7f04 rw-p 00000000 00:00 0     [heap]\n"
        "7f04-7f05 r-xp 00000000 08:01 13    /opt/with blank/libomp.so\n"
    )
    assert mapped_files(maps) == (Path("/usr/lib/libc.so.6"), Path("/opt/with blank/libomp.so"))


def test_this_process_allocates_from_the_c_library() -> None:
    found = [library for library in read_libraries() if library.role == "allocator" and library.effective]
    assert [(library.name, library.file[:4]) for library in found] == [("system", "libc")]


def test_a_function_that_is_nowhere_has_no_file() -> None:
    assert find_symbol("bench_has_no_such_function") is None


def test_a_function_that_only_its_caller_brought_along_is_found_by_the_caller() -> None:
    """NumPy's OpenBLAS is loaded for NumPy alone, as torch's OpenMP runtime is on Arm."""
    from numpy._core import _multiarray_umath

    caller = Path(_multiarray_umath.__file__)
    maps = Path("/proc/self/maps").read_text(encoding="utf-8")
    [blas] = [path for path in mapped_files(maps) if "openblas" in path.name and "numpy" in str(path)]
    assert find_symbol("scipy_cblas_dgemm64_") is None
    found = find_symbol("scipy_cblas_dgemm64_", caller)
    assert found is not None
    assert found.samefile(blas)


def test_a_caller_that_is_not_loaded_is_not_loaded_to_ask_it(tmp_path: Path) -> None:
    assert find_symbol("bench_has_no_such_function", tmp_path / "libnone.so") is None


OTHER = Library(role="openmp", name="llvm", file="libomp.so", digest=DIGEST, effective=False)


def test_what_agrees_is_no_problem() -> None:
    assert find_library_problem(RUNTIME, (*LOADED, OTHER)) is None


@pytest.mark.parametrize(
    ("runtime", "libraries", "message"),
    [
        (
            Runtime(openmp="llvm", allocator="system"),
            (*LOADED, OTHER),
            "plan has openmp llvm, but the worker's calls reach gnu",
        ),
        (
            Runtime(openmp="gnu", allocator="jemalloc"),
            LOADED,
            "plan has allocator jemalloc, but the worker's calls reach system",
        ),
        (RUNTIME, (), "plan has openmp gnu, but the worker's calls reach none that is known"),
    ],
    ids=["loaded and not called", "another allocator", "nothing seen"],
)
def test_each_difference_is_a_sentence(runtime: Runtime, libraries: tuple[Library, ...], message: str) -> None:
    problem = find_library_problem(runtime, libraries)
    assert problem is not None
    assert describe_reason(problem) == message
