import os
import resource
import shutil
from pathlib import Path

import pytest

from bench.errors import BundleError, EnvironmentUnfitError, OutputError, UsageError
from bench.run.journal import CellEntry, Entry, ProbeEntry, RepetitionEntry, ResumeEntry, begin_journal, resume_journal
from tests.builders import make_plan, make_probe, make_repetition
from tests.unit.run.scripted import Bench

ENDED = "2026-01-02T03:04:05Z"
CELL = "0000-resnet50-fp32-latency"


def filled(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path, make_plan())
    with begin_journal(tmp_path, bench.session) as journal:
        journal.add(ProbeEntry(probe=make_probe()))
        journal.add(RepetitionEntry(cell=CELL, repetition=make_repetition(0, sequence=1), ended_at=ENDED))
        journal.add(RepetitionEntry(cell=CELL, repetition=make_repetition(1, sequence=2), ended_at=ENDED))
        journal.add(CellEntry(cell=CELL, stopped="precise"))
    return bench


def go_on(bench: Bench, entry: Entry) -> list[Entry]:
    """Take a run up again, and add one entry; all that it has then."""
    with resume_journal(bench.folder) as journal:
        journal.add(entry)
        return journal.entries


def test_what_was_added_is_there_after_opening_again(tmp_path: Path) -> None:
    bench = filled(tmp_path)
    with resume_journal(bench.folder) as journal:
        assert journal.session == bench.session
        assert journal.repetitions(CELL) == (make_repetition(0, sequence=1), make_repetition(1, sequence=2))
        assert journal.probes() == (make_probe(),)
        assert journal.is_finished(CELL)
        assert journal.sequence == 3
        assert journal.last_scheduled == (1, CELL)
        assert journal.resumed == 0
        journal.add(ResumeEntry(resumed_at="2026-01-02T04:00:00Z"))
        assert journal.resumed == 1
    with resume_journal(bench.folder) as journal:
        assert journal.resumed == 1


def test_a_line_that_a_crash_cut_off_is_dropped_wherever_it_was_cut(tmp_path: Path) -> None:
    bench = filled(tmp_path)
    path = bench.folder / "journal.jsonl"
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for length in range(last, len(whole), 7):
        path.write_bytes(whole[:length])
        with resume_journal(bench.folder) as journal:
            assert not journal.is_finished(CELL)
            assert len(journal.repetitions(CELL)) == 2
        assert path.read_bytes() == whole[:last]


def test_an_altered_line_stops_with_its_number(tmp_path: Path) -> None:
    bench = filled(tmp_path)
    path = bench.folder / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"iterations":1', b'"iterations":0', 1))
    with pytest.raises(UsageError, match="line 2 was altered"), resume_journal(bench.folder):
        pass


def test_an_altered_session_is_refused(tmp_path: Path) -> None:
    bench = filled(tmp_path)
    path = bench.folder / "session.json"
    path.write_bytes(path.read_bytes().replace(b'"run_id"', b'"run_it"'))
    with pytest.raises(BundleError, match=r"session\.json"), resume_journal(bench.folder):
        pass


def test_two_processes_never_go_on_with_one_run(tmp_path: Path) -> None:
    bench = filled(tmp_path)
    with (
        resume_journal(bench.folder),
        pytest.raises(EnvironmentUnfitError, match="another process resumed this run"),
        resume_journal(bench.folder),
    ):
        pass


def test_a_journal_that_is_removed_ends_the_run_and_nothing_is_said_to_be_kept(tmp_path: Path) -> None:
    bench = filled(tmp_path)
    removed = r"\.run: its journal was removed while the run measured, and what was measured with it; run it again"
    with resume_journal(bench.folder) as journal:
        assert "--resume" in journal.command_to_go_on
        shutil.rmtree(bench.folder)
        with pytest.raises(OutputError, match=removed):
            journal.add(ProbeEntry(probe=make_probe()))
        with pytest.raises(OutputError, match=removed):
            _ = journal.command_to_go_on


def test_a_folder_that_holds_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no interrupted run"), resume_journal(tmp_path):
        pass


def test_a_run_id_that_is_taken_is_not_reused(tmp_path: Path) -> None:
    bench = filled(tmp_path)
    with pytest.raises(OutputError, match="File exists"), begin_journal(tmp_path, bench.session):
        pass


def test_a_disk_that_fills_up_stops_the_run_says_how_to_go_on_and_loses_nothing(tmp_path: Path) -> None:
    bench = filled(tmp_path)
    journal_file = bench.folder / "journal.jsonl"
    room = journal_file.stat().st_size + 10
    entry = ProbeEntry(probe=make_probe())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(
            OutputError, match=r"File too large; make room, then go on with: bench run --resume .*\.run"
        ):
            go_on(bench, entry)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert journal_file.stat().st_size == room, "a part of the line is there"
    assert len(go_on(bench, entry)) == 5


def test_a_disk_that_fills_up_stops_the_run_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, make_plan())

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with begin_journal(tmp_path, bench.session) as journal:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(
            OutputError, match=r"No space left on device; make room, then go on with: bench run --resume .*\.run"
        ):
            journal.add(CellEntry(cell=CELL, stopped="precise"))
        assert journal.entries == []
