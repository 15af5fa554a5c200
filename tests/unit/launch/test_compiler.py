import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.launch.compiler import compile_library, find_compiler
from bench.records.reason import Reason
from bench.report.reasons import describe_reason


def put_compiler(folder: Path, body: str) -> Mapping[str, str]:
    """An environment whose compiler is a shell script."""
    script = folder / "cxx"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    return {"PATH": os.environ["PATH"], "CXX": str(script)}


@pytest.mark.parametrize(
    ("variables", "command"),
    [
        ({}, ("g++",)),
        ({"CXX": ""}, ("g++",)),
        ({"CXX": "clang++"}, ("clang++",)),
        ({"CXX": "ccache g++ -m64"}, ("ccache", "g++", "-m64")),
        ({"CXX": "'g++"}, ("'g++",)),
    ],
    ids=["none", "empty", "a name", "with arguments", "no command"],
)
def test_the_compiler_is_the_one_that_inductor_takes(variables: dict[str, str], command: tuple[str, ...]) -> None:
    assert find_compiler(variables) == command


def test_the_library_is_made_with_the_flags_that_are_given(tmp_path: Path) -> None:
    parent = put_compiler(tmp_path, f'echo "$@" > {tmp_path}/arguments')
    assert compile_library(tmp_path / "a.cpp", tmp_path / "a.so", ["-mfma"], parent=parent) is None
    arguments = (tmp_path / "arguments").read_text().split()
    assert arguments == ["-O2", "-shared", "-fPIC", "-pthread", "-mfma", f"{tmp_path}/a.cpp", "-o", f"{tmp_path}/a.so"]


def test_a_compiler_sees_nothing_of_the_environment_that_workers_do_not_see(tmp_path: Path) -> None:
    parent = {**put_compiler(tmp_path, f"env > {tmp_path}/seen"), "SECRET": "1"}
    compile_library(tmp_path / "a.cpp", tmp_path / "a.so", [], parent=parent)
    assert "SECRET" not in (tmp_path / "seen").read_text()


@pytest.mark.parametrize(
    ("body", "reason", "sentence"),
    [
        (
            None,
            Reason(code="compiler_not_found", values={"compiler": "cxx"}),
            "?: the C++ compiler cxx cannot be started; set CXX, or install g++",
        ),
        (
            "exit 3",
            Reason(code="compiler_failed", values={"compiler": "cxx", "status": "3"}),
            "?: the C++ compiler cxx does not know the instruction, or failed (status 3)",
        ),
        (
            "sleep 60",
            Reason(code="compiler_timeout", values={"compiler": "cxx", "timeout_s": "0.2"}),
            "?: the C++ compiler cxx did not finish within 0.2 s",
        ),
    ],
    ids=["there is none", "it fails", "it hangs"],
)
def test_a_library_that_is_not_made_has_a_reason(
    tmp_path: Path, body: str | None, reason: Reason, sentence: str
) -> None:
    parent = {"CXX": str(tmp_path / "cxx")} if body is None else put_compiler(tmp_path, body)
    timeout_s = 0.2 if body == "sleep 60" else 10
    assert compile_library(tmp_path / "a.cpp", tmp_path / "a.so", [], parent=parent, timeout_s=timeout_s) == reason
    assert describe_reason(reason) == sentence
