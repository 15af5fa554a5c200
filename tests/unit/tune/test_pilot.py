"""One repetition of the profile's own settings before a search."""

from pathlib import Path

import pytest

from bench.errors import OutputError
from bench.records.measurement import Failure
from bench.tune.pilot import time_cells
from tests.unit.run.scripted import Workers, decide


def test_it_makes_one_repetition_of_each_cell_and_leaves_nothing(tmp_path: Path) -> None:
    workers = Workers()
    timed = time_cells(decide(2), tmp_path / "out", workers, {})
    assert [len(repetition) for repetition in timed] == [1, 1]
    assert [tasks[0].kind for tasks in workers.tasks] == ["measure", "measure"]
    assert list((tmp_path / "out").iterdir()) == []


def test_a_cell_that_fails_leaves_it_to_the_search_to_say_why(tmp_path: Path) -> None:
    assert time_cells(decide(1), tmp_path, Workers(Failure(reason="crashed")), {}) == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_no_results_is_found_first(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    workers = Workers()
    with pytest.raises(OutputError, match="results folder"):
        time_cells(decide(1), tmp_path / "out", workers, {})
    assert workers.jobs == []
