"""A run is held by one process, whatever the file system offers."""

import errno
import fcntl
import os
from pathlib import Path

import msgspec
import pytest

from bench.errors import EnvironmentUnfitError, OutputError
from bench.run.journal import begin_journal, resume_journal
from bench.run.lock import LOCK_FILE, Owner, _describe_process
from tests.builders import make_plan
from tests.unit.run.scripted import Bench

REFUSALS = (errno.ENOLCK, errno.ENOSYS, errno.EBADF, errno.EOPNOTSUPP, errno.EINVAL)
ENDED = 2**22 + 1
"""No process has this id: it is beyond the largest pid_max."""


def refuse_locks(monkeypatch: pytest.MonkeyPatch, number: int = errno.ENOLCK) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)


def leave_lock(bench: Bench, **changes: str | int) -> Path:
    """Leave the lock file of another process."""
    path = bench.folder / LOCK_FILE
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(_describe_process(), **changes)))
    return path


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path, make_plan())
    with begin_journal(tmp_path, bench.session):
        pass
    return bench


@pytest.mark.parametrize("number", REFUSALS, ids=errno.errorcode.get)
def test_a_file_system_without_locks_takes_runs_and_one_process_holds_each(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_locks(monkeypatch, number)
    bench = Bench(tmp_path, make_plan())
    with (
        begin_journal(tmp_path, bench.session),
        pytest.raises(EnvironmentUnfitError, match=rf"process {os.getpid()} on host .* resumed this run; wait for it"),
        resume_journal(bench.folder),
    ):
        pass
    assert not (bench.folder / LOCK_FILE).exists()
    with resume_journal(bench.folder) as journal:
        assert journal.session == bench.session


@pytest.mark.parametrize(
    "changes", [{"process": ENDED}, {"boot": "another"}], ids=["a process that was killed", "before the host's start"]
)
def test_a_lock_file_of_a_process_that_has_ended_is_replaced(
    changes: dict[str, str | int], bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_locks(monkeypatch)
    path = leave_lock(bench, **changes)
    with resume_journal(bench.folder):
        assert msgspec.json.decode(path.read_bytes(), type=Owner) == _describe_process()
    assert not path.exists()


def test_a_lock_file_of_another_host_is_respected_and_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_locks(monkeypatch)
    path = leave_lock(bench, host="far", process=ENDED)
    with (
        pytest.raises(EnvironmentUnfitError, match=rf"process {ENDED} on host 'far' .* or delete journal\.lock"),
        resume_journal(bench.folder),
    ):
        pass
    assert path.exists()


@pytest.mark.parametrize("content", [b"", b"\xff", b"[1]"], ids=["empty", "no text", "no owner"])
def test_a_lock_file_that_names_nobody_is_respected(
    content: bytes, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_locks(monkeypatch)
    (bench.folder / LOCK_FILE).write_bytes(content)
    with pytest.raises(EnvironmentUnfitError, match="delete this file"), resume_journal(bench.folder):
        pass


def test_a_lock_file_that_cannot_be_made_stops_the_run_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_locks(monkeypatch)
    bench = Bench(tmp_path, make_plan())
    real = Path.open

    def refuse(path: Path, *arguments: str, **options: int) -> object:
        if path.name == LOCK_FILE:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real(path, *arguments, **options)  # type: ignore[call-overload] # as it was called

    monkeypatch.setattr(Path, "open", refuse)
    with (
        pytest.raises(OutputError, match="Read-only file system; choose another"),
        begin_journal(tmp_path, bench.session),
    ):
        pass
