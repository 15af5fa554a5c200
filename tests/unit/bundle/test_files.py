import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.bundle.files import find_state_folder, read_file, write_file, write_new_file
from bench.errors import BundleError, OutputError, UsageError

STEPS = ("open", "fsync", "replace")


def test_reads_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_file(path, b"data", replace=False)
    assert read_file(path, limit=4) == b"data"
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_replaces_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_file(path, b"old", replace=False)
    with pytest.raises(OutputError, match="exists already"):
        write_file(path, b"new", replace=False)
    assert path.read_bytes() == b"old"
    write_file(path, b"new", replace=True)
    assert path.read_bytes() == b"new"


def test_does_not_write_through_a_dangling_link(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="exists already"):
        write_file(tmp_path / "a", b"data", replace=False)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("old", [None, b"old"], ids=["a new file", "a file that is replaced"])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_leaves_nothing_or_the_old_file(
    step: str, old: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    if old is not None:
        path.write_bytes(old)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OutputError, match="No space left on device"):
        write_file(path, b"new", replace=True)
    monkeypatch.undo()
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == ([] if old is None else [("a", old)])


@pytest.mark.parametrize("die", [os.fsync, os.replace, os.unlink], ids=lambda step: step.__name__)
def test_a_writer_killed_at_any_step_leaves_no_file_or_a_complete_one(
    die: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.bench.tar"
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(os, die.__name__, lambda *_, **__: os._exit(9))
        write_file(path, b"whole", replace=False)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9
    assert not path.exists() or path.read_bytes() == b"whole"
    others = [file.name for file in tmp_path.iterdir() if file != path]
    assert all(name.startswith(".run.bench.tar.tmp-") for name in others)


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        write_file(tmp_path / "no" / "a", b"", replace=False)


def test_a_new_file_has_its_mode_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_new_file(path, b"secret", mode=0o600)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(OutputError, match="File exists"):
        write_new_file(path, b"other", mode=0o600)
    assert path.read_bytes() == b"secret"


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    with pytest.raises(BundleError, match="5 bytes; at most 4 are read"):
        read_file(tmp_path / "a", limit=4)


def test_a_missing_file_is_a_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_file(tmp_path / "a", limit=4)


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        read_file(tmp_path / "pipe", limit=4)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a folder; name a file in it"):
        read_file(tmp_path, limit=4)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1234")
    real = os.fstat

    def then_grow(descriptor: int) -> os.stat_result:
        status = real(descriptor)
        path.write_bytes(b"12345")
        return status

    monkeypatch.setattr(os, "fstat", then_grow)
    with pytest.raises(BundleError, match="changed while it was read"):
        read_file(path, limit=4)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/bench"),
        ({"HOME": "/h"}, "/h/.local/state/bench"),
        ({"XDG_STATE_HOME": "s", "HOME": "/h"}, "/h/.local/state/bench"),
        ({}, "None"),
    ],
)
def test_what_is_remembered_lies_where_the_user_keeps_state(environment: dict[str, str], folder: str) -> None:
    assert str(find_state_folder(environment)) == folder
