"""The options of a rerun are those of the run, and files of the user's are named in a way that can be typed."""

import hashlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.errors import UsageError
from bench.history.rerun import OwnFiles, find_files, list_files, make_options, require_cell, type_options
from bench.records.bundle import Contents
from bench.records.case import Case
from bench.records.history import CellHistory, Level, Point
from bench.records.plan import format_cell_id
from bench.records.request import Request
from bench.records.source import Source
from bench.records.stated_input import StatedInput
from bench.records.suite import CaseFilter
from bench.records.summary import Interval
from bench.suites.load import find_suite
from bench.workloads.registry import WORKLOADS
from tests.builders import CASE, FACTS
from tests.unit.bundle.builder import CONTENTS

CODE = b"raise SystemExit('this code was run')\n"
DIGEST = f"sha256:{hashlib.sha256(CODE).hexdigest()}"
OWN = replace(CASE, workload="file.two_layers", source=DIGEST)
ROW = replace(FACTS, name=OWN.workload, family="custom")
SOURCE = Source(kind="file", name="my_models.py", digest=DIGEST, size_bytes=len(CODE), workloads=(ROW,), sealed=True)


def make_contents(case: Case = CASE, *sources: Source, **plan: object) -> Contents:
    cell = CONTENTS.plan.cells[0]
    cell = replace(cell, case=case, id=format_cell_id(0, case, cell.layout))
    return replace(CONTENTS, plan=replace(CONTENTS.plan, cells=(cell,), sources=sources, **plan))


def make_cell_history(case: Case = CASE) -> CellHistory:
    latency = Interval(point=1.0, low=1.0, high=1.0)
    point = Point(run="r", bundle="b", started_at="2026-01-02T03:04:05Z", repetitions=5, latency_s=latency)
    return CellHistory(
        case=case,
        layout="latency",
        points=(point,),
        levels=(Level(first=0, last=0, latency_s=1.0),),
        autocorrelation=0.0,
    )


def type_rerun(contents: Contents, case: Case = CASE) -> str:
    return " ".join(type_options(make_options(contents, make_cell_history(case))))


def test_options_that_decide_what_was_measured_are_kept() -> None:
    request = Request(
        suite=find_suite("smoke", WORKLOADS),
        profile="epyc-turin",
        wanted=CaseFilter(),
        force=True,
        threads=2,
        cpus="0-1",
        openmp="gnu",
        timeout_s=90,
        budget_s=3600,
        repetitions=(3, 3),
    )
    typed = type_rerun(replace(make_contents(), request=request))
    assert typed.startswith("--profile epyc-turin --suite smoke --workload resnet50 --mode inference")
    assert typed.endswith("--layout latency --threads 2 --cpus 0-1 --openmp gnu --timeout 90s --force")


def test_a_workload_of_a_file_is_named_by_the_file_and_its_digest_is_stated() -> None:
    contents = make_contents(OWN, SOURCE)
    assert "--workload ./my_models.py:two_layers" in type_rerun(contents, OWN)
    assert list_files(contents, make_cell_history(OWN)) == {"my_models.py": DIGEST}


@pytest.mark.parametrize(
    ("kind", "name", "typed"),
    [
        ("hf", "my-bert", "hf:my-bert"),
        ("pt2", "model.pt2", "./model.pt2"),
        ("torchbench", "hf_Bert", "DIR/torchbenchmark/models/hf_Bert"),
    ],
)
def test_each_kind_of_source_is_named_as_its_option_takes_it(kind: str, name: str, typed: str) -> None:
    contents = make_contents(OWN, replace(SOURCE, kind=kind, name=name))
    assert f"--workload {typed} " in type_rerun(contents, OWN)


def test_stated_inputs_are_typed_again_and_files_of_inputs_are_taken_if_their_digests_agree(tmp_path: Path) -> None:
    values, other, code = tmp_path / "values.npy", tmp_path / "other.npy", tmp_path / "copy.py"
    values.write_bytes(b"values")
    other.write_bytes(b"others")
    code.write_bytes(CODE)
    digest, found = (f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" for path in (values, other))
    inputs = {"ids": StatedInput(least=0, greatest=9), "x": StatedInput(digest=digest)}
    own = replace(OWN, inputs=inputs)
    contents = make_contents(own, replace(SOURCE, inputs=inputs))
    cell = make_cell_history(own)
    assert type_rerun(contents, own).endswith("--input ids=0..9 --input x=x.npy")
    assert list_files(contents, cell)["x.npy"] == digest
    options, sources = make_options(contents, cell), (str(code),)
    files = OwnFiles(sources=sources, inputs={"x": str(values)})
    assert find_files(options, contents, cell, files).inputs == {
        **options.inputs,
        "x": replace(options.inputs["x"], file=str(values)),
    }
    with pytest.raises(UsageError, match=rf"x came from a file \({digest}\), .*; name it: --input x=FILE\.npy"):
        find_files(options, contents, cell, OwnFiles(sources=sources))
    with pytest.raises(UsageError, match=rf"--input x=.*other\.npy is {found}; the run had {digest}"):
        find_files(options, contents, cell, OwnFiles(sources=sources, inputs={"x": str(other)}))


def test_the_own_copy_of_a_source_is_taken_if_its_digest_agrees(tmp_path: Path) -> None:
    contents, cell = make_contents(OWN, SOURCE), make_cell_history(OWN)
    options = make_options(contents, cell)
    path, other = tmp_path / "copy.py", tmp_path / "other.py"
    path.write_bytes(CODE)
    other.write_bytes(b"x = 1\n")
    found = find_files(options, contents, cell, OwnFiles(sources=(str(other), str(path))))
    assert found.wanted.workload == (f"{path}:two_layers",)
    with pytest.raises(
        UsageError, match=rf"file\.two_layers comes from my_models\.py \({DIGEST}\); name your copy: --s"
    ):
        find_files(options, contents, cell, OwnFiles(sources=(str(other),)))


def test_the_own_copy_of_a_suite_is_taken_if_its_digest_agrees(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(
        (Path(find_suite.__code__.co_filename).parent / "smoke.toml").read_bytes().replace(b"smoke", b"mine")
    )
    digest = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    contents, cell = make_contents(suite="mine.toml", suite_digest=digest), make_cell_history()
    options = make_options(contents, cell)
    assert options.suite == "mine.toml"
    assert list_files(contents, cell) == {"mine.toml": digest}
    assert find_files(options, contents, cell, OwnFiles(suite=str(path))).suite == str(path)
    with pytest.raises(UsageError, match=r"a suite of yours, mine\.toml \(sha256:.*\); name it: --suite FILE"):
        find_files(options, contents, cell, OwnFiles())
    with pytest.raises(UsageError, match=r"--suite smoke is a suite of bench; the runs used mine\.toml"):
        find_files(options, contents, cell, OwnFiles(suite="smoke"))
    with pytest.raises(UsageError, match="the runs used smoke, a suite of bench; leave it out"):
        find_files(options, make_contents(), cell, OwnFiles(suite=str(path)))
    other = replace(contents, plan=replace(contents.plan, suite_digest=DIGEST))
    with pytest.raises(UsageError, match=rf"mine\.toml is {digest}; the runs used mine\.toml, {DIGEST}"):
        find_files(options, other, cell, OwnFiles(suite=str(path)))


def test_a_plan_of_another_case_is_refused_with_both_values() -> None:
    require_cell(make_contents().plan, make_cell_history())
    with pytest.raises(UsageError, match=r"plans another case: batch_size 4, not 8"):
        require_cell(make_contents().plan, make_cell_history(replace(CASE, batch_size=8)))
    with pytest.raises(UsageError, match="no such case or layout"):
        require_cell(make_contents().plan, replace(make_cell_history(), layout="single_core"))
