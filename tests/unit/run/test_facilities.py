"""A case is refused for what it needs and this environment lacks; others go on."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.backends.registry import BACKENDS
from bench.hardware.memory_limits import MemoryLimit, MemoryLimitName
from bench.records.case import Case
from bench.report.reasons import describe_reason
from bench.run import facilities as module
from bench.run.facilities import Facilities
from tests.builders import CASE

COMPILING = [name for name, facts in BACKENDS.items() if facts.compiles]
OTHERS = [name for name, facts in BACKENDS.items() if not facts.compiles]


def on(backend: str) -> Case:
    return replace(CASE, backend=backend)


def why_not(
    backend: str, output: Path, parent: Mapping[str, str] | None = None, memory: tuple[MemoryLimit, ...] = ()
) -> str | None:
    reason = Facilities(output, memory, parent=parent or {"PATH": "/usr/bin:/bin"}).why_not(on(backend))
    return None if reason is None else describe_reason(reason)


def put_compiler(folder: Path, *refused: str) -> dict[str, str]:
    """An environment whose compiler fails on sources or arguments that hold one of these texts."""
    script = folder / "cxx"
    tests = "".join(f'case "$*$(cat ${{file:-/dev/null}})" in *{text}*) exit 1;; esac\n' for text in refused)
    script.write_text(f"#!/bin/sh\nfor word; do case $word in *.cpp) file=$word;; esac; done\n{tests}exit 0\n")
    script.chmod(0o755)
    return {"PATH": "/usr/bin:/bin", "CXX": str(script)}


@pytest.mark.parametrize("backend", COMPILING)
def test_a_folder_that_does_not_execute_refuses_backends_that_compile(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_execution_problem", lambda _folder: "Operation not permitted")
    message = why_not(backend, tmp_path)
    assert message is not None
    assert f"backend {backend} loads the programs that it compiles from the results folder" in message
    assert "(Operation not permitted): choose one on a file system that is not mounted noexec" in message


@pytest.mark.parametrize("backend", OTHERS)
def test_backends_that_do_not_compile_need_neither_compiler_nor_such_a_folder(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_execution_problem", lambda _folder: "Operation not permitted")
    assert why_not(backend, tmp_path, {"PATH": "/nowhere"}) is None


@pytest.mark.parametrize(
    ("refused", "backends", "message"),
    [
        (["int"], COMPILING, "cxx does not compile an empty program: install g++, or name another with CXX"),
        (["-fopenmp"], COMPILING, "needs OpenMP, and cxx does not compile a program with -fopenmp"),
        (["Python.h"], ["inductor", "inductor_freezing", "inductor_max_autotune", "zentorch"], "needs Python.h"),
        ([], [], "-"),
    ],
    ids=["CXX=/bin/false", "no OpenMP", "no headers of Python", "complete"],
)
def test_a_compiler_that_lacks_something_refuses_the_backends_that_need_it(
    refused: list[str], backends: list[str], message: str, tmp_path: Path
) -> None:
    parent = put_compiler(tmp_path, *refused)
    found = {backend: why_not(backend, tmp_path, parent) for backend in BACKENDS}
    assert [backend for backend, reason in found.items() if reason is not None] == backends
    assert all(message in (found[backend] or "") for backend in backends)


def test_a_compiler_that_is_not_there_is_named(tmp_path: Path) -> None:
    message = why_not("inductor", tmp_path, {"PATH": "/nowhere", "CXX": "no-such-c++"})
    assert message is not None
    assert "no-such-c++ cannot be started: install g++" in message


def test_this_hosts_compiler_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    monkeypatch.setattr(module, "compile_library", lambda *arguments, **_: calls.append(arguments))
    facilities = Facilities(tmp_path, (), parent={})
    assert [facilities.why_not(on(backend)) for backend in COMPILING] == [None] * len(COMPILING)
    assert len(calls) == 3


def test_where_nothing_can_be_tried_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.TemporaryDirectory", refuse)
    assert why_not("inductor", tmp_path, {"PATH": "/nowhere"}) is None


def test_workers_in_an_image_have_its_compiler(tmp_path: Path) -> None:
    assert Facilities(tmp_path, (), parent={"PATH": "/nowhere"}).of_image().why_not(on("inductor")) is None


@pytest.mark.parametrize("name", ["memory.max", "RLIMIT_AS", "MemAvailable"])
def test_less_memory_than_a_workload_needs_refuses_it_by_name(name: MemoryLimitName, tmp_path: Path) -> None:
    limit = MemoryLimit(name=name, value_bytes=100 << 20)
    llama = replace(
        CASE, workload="llama_1b", shape={"layers": 22, "vocabulary": 32_000, "prompt_tokens": 128, "output_tokens": 32}
    )
    facilities = Facilities(tmp_path, (limit,), parent={})
    reason = facilities.why_not(llama)
    assert reason is not None
    assert f"and {name} is 100 MiB; raise it" in describe_reason(reason)


def test_the_same_memory_is_enough_for_a_smaller_one(tmp_path: Path) -> None:
    limit = MemoryLimit(name="memory.max", value_bytes=900 << 20)
    facilities = Facilities(tmp_path, (limit,), parent={})
    assert facilities.why_not(CASE) is None
