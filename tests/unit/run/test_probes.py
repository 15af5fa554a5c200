from pathlib import Path

from msgspec.structs import replace

from bench.measure.instruction_loops import InstructionLoop, find_loops
from bench.records.reason import Reason
from bench.run.probes import ProbePlanner, compile_loops
from tests.builders import BINDING, make_machine

MACHINE = make_machine()
NO_COMPILER = {"CXX": "/no/such/compiler"}


def names(architecture: str, isa: str, *, emulated: bool = False) -> list[str]:
    cpu = replace(MACHINE.cpu, architecture=architecture, isa=tuple(isa.split()), emulated=emulated)
    return [loop.name for loop in find_loops(cpu)]


def test_only_instructions_that_the_cpu_has_are_measured() -> None:
    assert names("x86_64", "avx avx2") == []
    assert names("x86_64", "avx2 fma") == ["avx2_fp32"]
    assert names("x86_64", "avx2 fma avx512f avx512_bf16 avx512_vnni") == [
        "avx512_fp32",
        "avx2_fp32",
        "avx512_bf16",
        "avx512_int8",
    ]
    assert names("x86_64", "avx512f amx_tile amx_bf16") == ["avx512_fp32", "amx_bf16", "amx_fp16"]
    assert names("aarch64", "asimd asimddp") == ["neon_fp32", "neon_int8_dot"]
    assert names("aarch64", "asimd bf16 i8mm") == ["neon_fp32", "neon_bf16", "neon_int8_matrix"]


def test_an_emulated_cpu_has_no_peak_of_its_instructions() -> None:
    assert names("aarch64", "asimd", emulated=True) == []


def test_a_loop_that_does_not_compile_costs_no_other(tmp_path: Path) -> None:
    def compile_loop(loop: InstructionLoop, library: Path) -> Reason | None:
        assert library == tmp_path / f"{loop.name}.so"
        return Reason(code="compiler_failed", values={"status": "1"}) if loop.precision == "bf16" else None

    cpu = replace(MACHINE.cpu, isa=("avx512f", "avx512_bf16"))
    compiled = compile_loops(find_loops(cpu), tmp_path, compile_loop)
    assert compiled.libraries == {"avx512_fp32": f"{tmp_path}/avx512_fp32.so"}
    assert compiled.missing == (Reason(code="compiler_failed", values={"status": "1", "loop": "avx512_bf16"}),)


def test_a_cpu_without_a_loop_says_so(tmp_path: Path) -> None:
    compiled = compile_loops((), tmp_path, lambda _loop, _library: None)
    assert compiled.missing == (Reason(code="no_instruction_loop"),)


def test_without_a_compiler_a_probe_says_why_it_has_no_instruction_peak(tmp_path: Path) -> None:
    planner = ProbePlanner(MACHINE, tmp_path / "probe", parent=NO_COMPILER)
    request = planner.plan(BINDING, 1, peaks=True)
    assert request.loops == {}
    assert request.missing == (
        Reason(code="compiler_not_found", values={"compiler": "compiler", "loop": "avx512_fp32"}),
    )


def test_a_probe_for_drift_compiles_nothing_and_has_the_same_arrays(tmp_path: Path) -> None:
    planner = ProbePlanner(MACHINE, tmp_path / "probe", parent=NO_COMPILER)
    drift = planner.plan(BINDING, 1, peaks=False)
    assert (drift.loops, drift.missing) == ({}, ())
    assert not (tmp_path / "probe").exists()
    assert drift.array_bytes == planner.plan(BINDING, 1, peaks=True).array_bytes


def test_loops_are_compiled_once_a_session(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    script = tmp_path / "cxx"
    script.write_text(f"#!/bin/sh\necho >> {calls}\n")
    script.chmod(0o755)
    planner = ProbePlanner(MACHINE, tmp_path / "probe", parent={"CXX": str(script)})
    first, second = (planner.plan(BINDING, 1, peaks=True) for _ in range(2))
    assert first == second
    assert calls.read_text() == "\n"
