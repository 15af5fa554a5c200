"""The loops are compiled and run here where this machine has a compiler: on another one, their reasons are tested."""

import os
import shutil
from pathlib import Path

import pytest

from bench.hardware.detect import detect
from bench.launch.compiler import compile_library
from bench.measure.instruction_loops import LOOPS, SOURCE, find_loops, measure_loops
from bench.records.peak import Peak
from bench.records.reason import Reason

CPU = detect().cpu
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++")


@needs_compiler
def test_each_loop_of_this_cpu_compiles_and_has_a_rate(tmp_path: Path) -> None:
    libraries = {}
    for loop in find_loops(CPU):
        library = tmp_path / f"{loop.name}.so"
        flags = [*loop.flags, f"-DLOOP_{loop.name.upper()}"]
        if compile_library(SOURCE, library, flags, parent=os.environ) is None:
            libraries[loop.name] = str(library)
    measured = list(measure_loops(libraries, 1))
    assert len(measured) == len(libraries)
    for peak in measured:
        if isinstance(peak, Peak):
            assert peak.method == "instructions"
            # A core that executes one instruction of 128 bits in ten cycles, at 1 GHz, is slower than any.
            assert peak.operations_per_s > 8e8


@needs_compiler
def test_the_source_has_every_loop_of_the_table(tmp_path: Path) -> None:
    reason = compile_library(SOURCE, tmp_path / "a.so", ["-DLOOP_OF_TOMORROW"], parent=os.environ)
    assert reason is not None
    assert reason.code == "compiler_failed"
    macros = {f"LOOP_{loop.name.upper()}" for family in LOOPS.values() for loop in family}
    text = SOURCE.read_text(encoding="utf-8")
    assert all(f"defined({macro})" in text for macro in macros)


def test_a_library_that_cannot_be_loaded_has_a_reason(tmp_path: Path) -> None:
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"no library")
    assert list(measure_loops({"avx512_fp32": str(broken)}, 1)) == [
        Reason(code="instruction_loop_not_loaded", values={"loop": "avx512_fp32"})
    ]


@needs_compiler
def test_a_loop_that_the_kernel_refuses_has_a_reason(tmp_path: Path) -> None:
    source, library = tmp_path / "refused.cpp", tmp_path / "refused.so"
    source.write_text('extern "C" double measure_loop(int, double) { return -1; }\n')
    assert compile_library(source, library, [], parent=os.environ) is None
    assert list(measure_loops({"amx_bf16": str(library)}, 1)) == [
        Reason(code="instruction_loop_refused", values={"loop": "amx_bf16"})
    ]
