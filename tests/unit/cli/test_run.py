from pathlib import Path

import pytest

from bench.launch import libraries
from bench.records.plan import Plan
from bench.records.record import decode_json
from tests.unit.cli.conftest import Invoke
from tests.unit.verification.planned import MACHINE

DRY_RUN = ("run", "--suite", "smoke", "--dry-run")


def test_runtime_and_allocator_of_the_user_are_recorded_as_overrides(invoke: Invoke) -> None:
    outcome = invoke(*DRY_RUN, "--openmp", "gnu", "--allocator", "system", "--json")
    plan = decode_json(outcome.out.encode(), Plan, source="-")
    assert {(cell.runtime.openmp, cell.runtime.allocator) for cell in plan.cells} == {("gnu", "system")}
    assert [layout.overridden for layout in plan.layouts] == [("--openmp gnu", "--allocator system")]
    variables = {name for cell in plan.cells for name in cell.environment}
    assert not {name for name in variables if name.startswith(("KMP_", "MALLOC_CONF"))}


def test_a_library_that_is_not_installed_fails_the_plan_with_its_package(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(libraries, "search_folders", lambda: (tmp_path,))
    outcome = invoke(*DRY_RUN, "--openmp", "gnu", "--allocator", "jemalloc")
    assert (outcome.status, outcome.out) == (7, "")
    assert outcome.err == (
        "bench: the layout wants --allocator jemalloc, but libjemalloc.so.2 is not installed: install it (Debian, Ubuntu: "
        "apt-get install libjemalloc2; Fedora, RHEL: dnf install jemalloc), or run with --allocator system, which is "
        "recorded\n"
    )


def test_a_replaced_library_is_told_in_one_line_with_its_cost_and_its_package(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bench.run.prepare.detect", lambda _: MACHINE)
    monkeypatch.setattr(libraries, "search_folders", lambda: (tmp_path,))
    (tmp_path / "libiomp5.so").touch()
    outcome = invoke(*DRY_RUN, "--json")
    assert outcome.status == 0
    assert outcome.err == (
        "allocator system replaces tcmalloc, which the profile prefers and which is not installed; cells that allocate "
        "much may be slower; to use tcmalloc, install it (Debian, Ubuntu: apt-get install libtcmalloc-minimal4; Fedora, "
        "RHEL: dnf install gperftools-libs)\n"
    )
