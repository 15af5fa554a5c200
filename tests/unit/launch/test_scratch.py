import mmap
from pathlib import Path

import pytest

from bench.launch.scratch import find_execution_problem


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
