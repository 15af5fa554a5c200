"""Sources are found by the words of --workload, read in a child, and brought again for a reproduction."""

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from msgspec.structs import replace

from bench.errors import UsageError
from bench.launch.failure import WorkerFailedError
from bench.records.bundle import Contents
from bench.records.case import WorkloadFacts
from bench.records.measurement import Failure
from bench.records.source import LocatedSource, Source
from bench.records.stated_input import StatedInput
from bench.records.suite import CaseFilter
from bench.report.reasons import describe_reason
from bench.run import sources
from bench.run.input_options import parse_input
from bench.run.options import RunOptions
from bench.run.sources import bring_again, bring_sources, write_sources
from tests.builders import CASE, FACTS
from tests.unit.bundle.builder import CONTENTS

CODE = b"raise SystemExit('this code was run')\n"
ROW = replace(FACTS, name="file.mlp", family="custom")

Survey = Callable[..., tuple[WorkloadFacts, ...]]


@pytest.fixture
def survey(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Set what the child gives: rows, or a failure."""

    def set_answer(answer: object) -> None:
        def answered(*_: object, **__: object) -> object:
            if isinstance(answer, Failure):
                raise WorkerFailedError(answer)
            return answer

        monkeypatch.setattr(sources, "survey_source", answered)

    set_answer((ROW,))
    return set_answer


def write(folder: Path, name: str = "models.py", code: bytes = CODE) -> str:
    (folder / name).write_bytes(code)
    return str(folder / name)


def bring(*words: str, inputs: tuple[str, ...] = ()) -> tuple[RunOptions, tuple[LocatedSource, ...]]:
    options = RunOptions(wanted=CaseFilter(workload=words), inputs=dict(map(parse_input, inputs)))
    return bring_sources(options, parent={"HOME": "/home/mallory"}, output=Path("results"))


@pytest.mark.usefixtures("survey")
def test_words_become_names_in_their_place(tmp_path: Path) -> None:
    options, (located,) = bring("resnet50", write(tmp_path), "llama*")
    assert options.wanted.workload == ("resnet50", "file.mlp", "llama*")
    assert (located.source.workloads, located.source.sealed, located.content) == ((ROW,), True, CODE)


def test_what_the_code_of_a_source_leaves_running_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    left: list[int] = []

    def leave(*_: object, **__: object) -> tuple[WorkloadFacts, ...]:
        sleeper = "sleep 1000 < /dev/null > /dev/null & echo $!"
        command = ["setsid", "--wait", "sh", "-c", sleeper]
        left.append(int(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))
        return (ROW,)

    monkeypatch.setattr(sources, "survey_source", leave)
    bring(write(tmp_path))
    assert not psutil.pid_exists(left[0])


@pytest.mark.usefixtures("survey")
def test_names_of_the_catalogue_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "survey_source", None)
    options, located = bring("resnet50")
    assert (options.wanted.workload, located) == (("resnet50",), ())


@pytest.mark.usefixtures("survey")
def test_inputs_are_stated_with_the_digests_of_their_files(tmp_path: Path) -> None:
    file = tmp_path / "x.npy"
    np.save(file, np.zeros(3))
    _, (located,) = bring(write(tmp_path), inputs=(f"x={file}", "ids=0..9"))
    digest = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    assert located.source.inputs == {"x": StatedInput(digest=digest), "ids": StatedInput(least=0, greatest=9)}
    assert located.input_files == {"x": str(file)}


@pytest.mark.usefixtures("survey")
def test_inputs_without_a_source_are_refused() -> None:
    with pytest.raises(UsageError, match="--input states inputs of a model of your own"):
        bring("resnet50", inputs=("x=0..9",))


@pytest.mark.usefixtures("survey")
def test_two_files_with_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"both have a workload file\.mlp; rename one"):
        bring(write(tmp_path, "a.py"), write(tmp_path, "b.py"))


@pytest.mark.usefixtures("survey")
@pytest.mark.parametrize("secret", [b"open('/home/mallory/x')", b"url = 'https://me:hunter2@example.org/x'"])
def test_code_with_a_home_folder_or_a_credential_is_not_sealed(secret: bytes, tmp_path: Path) -> None:
    _, (located,) = bring(write(tmp_path, code=secret))
    assert not located.source.sealed
    assert located.content == secret


def test_a_file_that_cannot_be_read_is_a_row_with_its_problem(survey: Callable[[object], None], tmp_path: Path) -> None:
    survey(Failure(reason="timeout", values={"seconds": "60"}))
    options, (located,) = bring(write(tmp_path))
    assert options.wanted.workload == ("file.models",)
    assert located.source.problem is not None
    sentence = describe_reason(located.source.problem)
    assert sentence.startswith("file.models: its rows could not be read: no result within 60 s")


def test_more_rows_than_a_plan_may_have_are_refused(survey: Callable[[object], None], tmp_path: Path) -> None:
    survey(tuple(replace(ROW, name=f"file.m{index}") for index in range(1001)))
    with pytest.raises(UsageError, match="1001 workloads; a run takes at most 1000"):
        bring(write(tmp_path))


def test_what_the_child_refuses_is_wrong_usage(survey: Callable[[object], None], tmp_path: Path) -> None:
    survey(Failure(reason="refused", values={"text": "models.py holds no workload"}))
    with pytest.raises(UsageError, match=r"models\.py holds no workload"):
        bring(write(tmp_path))


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ((), "it gave no workloads"),
        ((replace(ROW, name="resnet50"),), "workload resnet50 does not begin with file"),
        ((ROW, ROW), "two of its workloads have one name"),
        ((replace(ROW, summary="x" * (1 << 20)),), "its rows have more than 1 MiB"),
    ],
)
def test_rows_that_are_not_of_their_source_are_refused(
    rows: object, problem: str, survey: Callable[[object], None], tmp_path: Path
) -> None:
    survey(rows)
    _, (located,) = bring(write(tmp_path))
    assert located.source.problem is not None
    assert problem in describe_reason(located.source.problem)


def make_bundle(source: Source, *, sealed: bool = True) -> Contents:
    """Contents with one cell of a source."""
    case = replace(CASE, workload="file.mlp", source=source.digest)
    cell = replace(CONTENTS.plan.cells[0], case=case)
    plan = replace(CONTENTS.plan, cells=(cell,), sources=(replace(source, sealed=sealed),))
    return replace(CONTENTS, plan=plan, source_files={source.digest: CODE} if sealed else {})


@pytest.fixture
def source(survey: Callable[[object], None], tmp_path: Path) -> Source:
    del survey
    _, (located,) = bring(write(tmp_path))
    return located.source


def test_code_of_a_bundle_is_brought_only_where_the_user_says_so(source: Source, tmp_path: Path) -> None:
    contents = make_bundle(source)
    with pytest.raises(
        UsageError, match=r"code that came with the bundle: models\.py, 38 bytes, sha256:.*read it first"
    ):
        bring_again(contents, (), {}, run_code=False)
    (located,) = bring_again(contents, (), {}, run_code=True)
    (written,) = write_sources([located], tmp_path / "sources")
    assert Path(written.path).read_bytes() == CODE
    assert Path(written.path).is_relative_to(tmp_path / "sources")


def test_code_that_no_cell_runs_is_kept_for_the_new_bundle(source: Source, tmp_path: Path) -> None:
    contents = make_bundle(source)
    refused = replace(source, name="other.py", digest=f"sha256:{'1' * 64}", sealed=True)
    plan = replace(contents.plan, sources=(*contents.plan.sources, refused))
    contents = replace(contents, plan=plan, source_files={**contents.source_files, refused.digest: b"pass"})
    own = str(tmp_path / "models.py")
    first, second = bring_again(contents, (own,), {}, run_code=False)
    assert (first.path, first.source) == (own, contents.plan.sources[0])
    assert second == LocatedSource(source=refused, path="", content=b"pass")


def test_the_users_own_copy_needs_no_permission_and_must_be_the_same(source: Source, tmp_path: Path) -> None:
    contents = make_bundle(source, sealed=False)
    with pytest.raises(UsageError, match="which the bundle does not hold; name yours with --source"):
        bring_again(contents, (), {}, run_code=True)
    (located,) = bring_again(contents, (str(tmp_path / "models.py"),), {}, run_code=False)
    assert located.source == contents.plan.sources[0]
    other = write(tmp_path, "other.py", b"pass\n")
    with pytest.raises(
        UsageError, match=r"other\.py is sha256:.*; the bundle's workloads come from models\.py, sha256:"
    ):
        bring_again(contents, (other,), {}, run_code=False)


def test_files_of_inputs_must_be_the_same(source: Source, tmp_path: Path) -> None:
    file = tmp_path / "x.npy"
    file.write_bytes(b"values")
    digest = f"sha256:{hashlib.sha256(b'values').hexdigest()}"
    contents = make_bundle(replace(source, inputs={"x": StatedInput(digest=digest)}))
    with pytest.raises(UsageError, match="took files for x"):
        bring_again(contents, (), {"y": str(file)}, run_code=True)
    with pytest.raises(UsageError, match=r"name it: --input x=FILE\.npy"):
        bring_again(contents, (), {}, run_code=True)
    (located,) = bring_again(contents, (), {"x": str(file)}, run_code=True)
    assert located.input_files == {"x": str(file)}
    file.write_bytes(b"others")
    with pytest.raises(UsageError, match=r"is sha256:.*; the run had sha256:"):
        bring_again(contents, (), {"x": str(file)}, run_code=True)
