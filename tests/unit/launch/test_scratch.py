import mmap
import tempfile
from pathlib import Path

import pytest

from bench.launch.scratch import find_execution_problem, make_scratch


def test_a_folder_that_executes_has_no_problem_and_stays_empty(tmp_path: Path) -> None:
    assert find_execution_problem(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_to_be_made_is_judged_by_the_one_above_and_not_made(tmp_path: Path) -> None:
    assert find_execution_problem(tmp_path / "a" / "b") is None
    assert list(tmp_path.iterdir()) == []


def test_a_mapping_that_the_kernel_refuses_is_the_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **options: int) -> None:
        assert options["prot"] & mmap.PROT_EXEC
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(mmap, "mmap", refuse)
    assert find_execution_problem(tmp_path) == "Operation not permitted"


def test_where_nothing_can_be_written_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert find_execution_problem(tmp_path) is None


def test_scratch_is_beside_the_results_where_there_is_no_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_scratch(tmp_path / "results") as usual:
        assert Path(usual).parent == Path(tempfile.gettempdir())
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc/no-folder"])
    with make_scratch(tmp_path / "results") as scratch:
        assert Path(scratch).parent == tmp_path
    assert list(tmp_path.iterdir()) == []
