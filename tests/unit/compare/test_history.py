from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.compare.history import BUNDLES_MAX, digest_subject, identify_cell, read_history, summarize_run
from bench.records.bundle import BUNDLE_SUFFIX, Contents
from bench.records.variant import Variant
from bench.verification.verify import verify_bundle
from tests.builders import DIGEST, make_cell, make_plan
from tests.unit.bundle.builder import make_sbom, on_day, seal_contents
from tests.unit.compare.qualification.units import make_contents
from tests.unit.compare.runs import STEADY, make_run

NEW = on_day(28)


def keep(folder: Path, contents: Contents) -> str:
    """Seal a run into a folder; return its id."""
    run = contents.info.run_id
    (folder / f"{run}{BUNDLE_SUFFIX}").write_bytes(seal_contents(contents))
    return run


def read(folder: Path, *compared: Contents) -> list[str]:
    return [run.run_id for run in read_history(folder, compared or (NEW,))]


def test_earlier_runs_of_the_same_thing_are_found_newest_first(tmp_path: Path) -> None:
    kept = [keep(tmp_path, on_day(day)) for day in (3, 5, 4)]
    assert read(tmp_path) == sorted(kept, reverse=True)


def test_a_folder_that_does_not_exist_or_is_empty_holds_none(tmp_path: Path) -> None:
    assert read(tmp_path / "none") == read(tmp_path) == []


def test_what_is_compared_is_no_history_of_itself(tmp_path: Path) -> None:
    keep(tmp_path, NEW)
    before = keep(tmp_path, on_day(3))
    assert read(tmp_path) == [before]
    assert read(tmp_path, NEW, on_day(3)) == []


def test_a_run_counts_once_however_many_copies_there_are(tmp_path: Path) -> None:
    run = keep(tmp_path, on_day(3))
    (tmp_path / f"copy{BUNDLE_SUFFIX}").write_bytes((tmp_path / f"{run}{BUNDLE_SUFFIX}").read_bytes())
    assert read(tmp_path) == [run]


def test_measurements_that_were_sealed_again_under_another_run_id_count_once(tmp_path: Path) -> None:
    contents = make_contents(run=1)
    again = replace(contents, info=replace(contents.info, run_id="20260102T030405Z-00000077"))
    kept = [keep(tmp_path, run) for run in (contents, again)]
    assert read(tmp_path, make_contents(run=3)) == kept[1:]
    assert read(tmp_path, contents) == []


def test_what_does_not_verify_is_skipped(tmp_path: Path) -> None:
    run = keep(tmp_path, on_day(3))
    damaged = tmp_path / f"{keep(tmp_path, on_day(4))}{BUNDLE_SUFFIX}"
    damaged.write_bytes(damaged.read_bytes().replace(b"SIGSEGV", b"SIGKILL"))
    (tmp_path / f"20260105T000000Z-00000000{BUNDLE_SUFFIX}").write_bytes(b"no bundle")
    (tmp_path / f"20260106T000000Z-00000000{BUNDLE_SUFFIX}").mkdir()
    (tmp_path / "notes.txt").write_text("no bundle either")
    assert read(tmp_path) == [run]


def change_host(contents: Contents) -> Contents:
    return replace(contents, machine=replace(contents.machine, cpu=replace(contents.machine.cpu, model_name="Other")))


def change_packages(contents: Contents) -> Contents:
    environment = replace(contents.environment, distributions=())
    return replace(contents, environment=environment, sbom=make_sbom(environment))


def change_source(contents: Contents) -> Contents:
    return replace(contents, environment=replace(contents.environment, source_digest=DIGEST.replace("0", "1")))


def change_interpreter(contents: Contents) -> Contents:
    return replace(contents, environment=replace(contents.environment, implementation="CPython 3.12.1"))


def change_plan(contents: Contents) -> Contents:
    first, *others = contents.plan.cells
    return replace(contents, plan=replace(contents.plan, cells=(replace(first, environment={}), *others)))


@pytest.mark.parametrize("change", [change_host, change_packages, change_source, change_interpreter, change_plan])
def test_runs_of_another_host_plan_or_software_are_other_subjects(change: Callable[[Contents], Contents]) -> None:
    assert digest_subject(change(NEW)) != digest_subject(NEW)


@pytest.mark.parametrize("change", [change_host, change_packages, change_source])
def test_runs_of_other_subjects_are_skipped(tmp_path: Path, change: Callable[[Contents], Contents]) -> None:
    run = keep(tmp_path, change(on_day(3)))
    assert read(tmp_path) == []
    assert read(tmp_path, change(NEW)) == read(tmp_path, NEW, change(on_day(29))) == [run]


def test_time_note_and_results_make_no_other_subject() -> None:
    assert digest_subject(on_day(3)) == digest_subject(NEW)
    assert digest_subject(replace(NEW, measurements=(), probes=())) == digest_subject(NEW)


def test_only_the_newest_bundles_are_read(tmp_path: Path) -> None:
    keep(tmp_path, on_day(3))
    for number in range(BUNDLES_MAX - 1):
        (tmp_path / f"20260105T000000Z-{number:08x}{BUNDLE_SUFFIX}").write_bytes(b"no bundle")
    assert len(read(tmp_path)) == 1
    (tmp_path / f"20260106T000000Z-00000000{BUNDLE_SUFFIX}").write_bytes(b"no bundle")
    assert read(tmp_path) == []


def test_interleaved_runs_are_no_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = keep(tmp_path, on_day(3))
    assert read(tmp_path) == [run]
    variants = tuple(Variant(name=name, options=(), variables={}, argv=NEW.plan.argv) for name in ("a", "b"))
    interleaved = replace(on_day(3), plan=replace(NEW.plan, variants=variants))
    assert digest_subject(interleaved) == digest_subject(NEW)
    verification = replace(verify_bundle(tmp_path / f"{run}{BUNDLE_SUFFIX}"), contents=interleaved)
    monkeypatch.setattr("bench.compare.history.verify_bundle", lambda _path: verification)
    assert read(tmp_path) == []


def test_a_run_is_summarized_by_its_cells_that_have_enough_repetitions() -> None:
    run = make_run(STEADY, STEADY[:1], ())
    summary = summarize_run(run)
    assert list(summary.means) == [identify_cell(run.plan.cells[0])]
    assert (summary.run_id, summary.probes) == (run.info.run_id, run.probes)


def test_of_an_interleaved_run_variant_a_is_summarized() -> None:
    a, b = replace(make_cell(0), variant="a"), replace(make_cell(1), variant="b")
    interleaved = make_run(STEADY, [2 * value for value in STEADY], cells=(a, b))
    alone = replace(interleaved, plan=replace(interleaved.plan, cells=(a,)), measurements=interleaved.measurements[:1])
    assert summarize_run(interleaved).means == summarize_run(alone).means


def test_cells_of_two_runs_are_the_same_if_case_and_layout_are() -> None:
    first = make_plan().cells[0]
    assert identify_cell(replace(first, id="0007-x")) == identify_cell(first)
    assert identify_cell(replace(first, layout="throughput")) != identify_cell(first)
