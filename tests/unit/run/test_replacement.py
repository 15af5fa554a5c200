"""A library that a profile prefers and the machine lacks is replaced where bench chose the profile, and only there."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.errors import EnvironmentUnfitError
from bench.launch import libraries
from bench.planning.pairs import VariantOptions
from bench.planning.plan import Planned
from bench.records.profile import Runtime
from bench.records.suite import CaseFilter
from bench.run.ab import prepare_ab
from bench.run.options import RunOptions
from bench.run.prepare import Decision, prepare_run
from bench.run.replacement import replace_missing
from bench.verification.replay import replay_plan
from tests.unit.verification.planned import MACHINE, REQUEST, make_contents

XEON = Runtime(openmp="intel", allocator="tcmalloc")
"""What the profile of `MACHINE` prefers."""

OPTIONS = RunOptions(suite="smoke", wanted=CaseFilter(workload=("resnet50",)))


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine whose profile prefers libraries, and the folder where they would be."""
    monkeypatch.setattr("bench.run.prepare.detect", lambda *_: MACHINE)
    monkeypatch.setattr("bench.run.ab.detect", lambda *_: MACHINE)
    monkeypatch.setattr(libraries, "search_folders", lambda: (tmp_path,))
    return tmp_path


def runtimes(decision: Decision) -> set[tuple[str, str]]:
    return {(cell.runtime.openmp, cell.runtime.allocator) for cell in decision.plan.cells}


@pytest.mark.usefixtures("lacking")
def test_what_auto_chose_and_is_not_there_is_replaced_and_recorded() -> None:
    decision = prepare_run(OPTIONS)
    assert decision.profile.name == "xeon-spr"
    assert runtimes(decision) == {("gnu", "system")}
    assert {layout.overridden for layout in decision.plan.layouts} == {("--openmp gnu", "--allocator system")}
    assert [reason.code for reason in decision.replaced] == ["openmp_replaced", "allocator_replaced"]
    assert "apt-get install libtcmalloc-minimal4" in decision.replaced[1].values["package"]


def test_only_what_is_missing_is_replaced(lacking: Path) -> None:
    (lacking / "libiomp5.so").touch()
    decision = prepare_run(OPTIONS)
    assert runtimes(decision) == {("intel", "system")}
    assert {layout.overridden for layout in decision.plan.layouts} == {("--allocator system",)}
    assert [reason.code for reason in decision.replaced] == ["allocator_replaced"]


@pytest.mark.usefixtures("lacking")
def test_a_plan_with_replaced_libraries_follows_from_its_request() -> None:
    decision = prepare_run(OPTIONS)
    assert decision.request is not None
    contents = make_contents(Planned(decision.profile, decision.plan), decision.request)
    assert replay_plan(contents) == ()


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (replace(OPTIONS, profile="xeon-spr"), "--openmp intel"),
        (replace(OPTIONS, allocator="jemalloc"), "--allocator jemalloc"),
        (replace(OPTIONS, openmp="llvm"), "--openmp llvm"),
    ],
    ids=["a profile", "an allocator", "an OpenMP runtime"],
)
@pytest.mark.usefixtures("lacking")
def test_what_the_user_named_is_not_replaced(options: RunOptions, wanted: str) -> None:
    with pytest.raises(EnvironmentUnfitError, match=f"the layout wants {wanted}, but .* is not installed"):
        prepare_run(options)


@pytest.mark.usefixtures("lacking")
def test_both_sides_of_a_comparison_get_the_replacement() -> None:
    decision = prepare_ab(OPTIONS, VariantOptions(), VariantOptions(backend="inductor"))
    assert runtimes(decision) == {("gnu", "system")}
    assert len(decision.replaced) == 2


@pytest.mark.usefixtures("lacking")
def test_what_one_side_names_is_not_replaced() -> None:
    for side in (VariantOptions(allocator="jemalloc"), VariantOptions(profile="xeon-spr", allocator="system")):
        with pytest.raises(EnvironmentUnfitError, match="is not installed"):
            prepare_ab(OPTIONS, VariantOptions(), side)


def test_nothing_is_replaced_where_all_is_installed(tmp_path: Path) -> None:
    for file in ("libiomp5.so", "libtcmalloc_minimal.so.4"):
        (tmp_path / file).touch()
    assert replace_missing(REQUEST, XEON, (tmp_path,)) == (REQUEST, ())
    assert replace_missing(REQUEST, Runtime(openmp="gnu", allocator="system"), ()) == (REQUEST, ())
