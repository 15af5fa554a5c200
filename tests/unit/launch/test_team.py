import os
import subprocess
import sys

import pytest

from bench.launch.team import count_team, find_team_problem
from bench.records.profile import Binding
from bench.report.reasons import describe_reason

PROGRAM = "import torch; torch.set_num_threads(3); from bench.launch.team import count_team; print(count_team(), torch.get_num_threads())"


def binding(threads: int) -> Binding:
    return Binding(cpus="0-2", memory_nodes="", threads=threads)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("variables", "printed"),
    [({}, "3 3"), ({"OMP_THREAD_LIMIT": "2"}, "2 3")],
    ids=["as many as were set", "a limit that torch does not show"],
)
def test_the_team_is_counted_where_it_runs(variables: dict[str, str], printed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, **variables}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == printed


def test_without_a_runtime_there_is_none_to_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.launch.team.open_openmp", lambda: None)
    assert count_team() is None


@pytest.mark.parametrize("found", [None, 3, 4], ids=["unknown", "as planned", "more"])
def test_a_team_as_planned_is_no_problem(found: int | None) -> None:
    assert find_team_problem(binding(3), found) is None


def test_a_smaller_team_names_both_numbers() -> None:
    problem = find_team_problem(binding(3), 2)
    assert problem is not None
    assert describe_reason(problem).startswith("plan has 3 threads, but a parallel region got 2: raise the limits")
