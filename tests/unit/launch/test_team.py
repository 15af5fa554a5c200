import os
import subprocess
import sys

import pytest

from bench.launch.libraries import find_library
from bench.launch.team import Team, count_apart, find_team_problem, gather_team, is_team_narrowed
from bench.records.profile import Binding
from bench.report.reasons import describe_reason

ALL = frozenset({0, 1, 2})
FIRST = frozenset({0})

COUNT = """
import torch
from bench.launch.team import gather_team
torch.set_num_threads(3)
print(len(gather_team().masks), torch.get_num_threads())
"""

NARROWED_AT_FIRST = """
import os, sys
from bench.launch.team import gather_team, is_team_narrowed
from bench.records.cpulist import format_cpulist
from bench.records.profile import Binding
allowed = sorted(os.sched_getaffinity(0))[:2]
os.sched_setaffinity(0, allowed[: int(sys.argv[1])])
import torch
torch.set_num_threads(2)
torch.ones(1 << 20).sum()
for thread in os.listdir("/proc/self/task"):
    os.sched_setaffinity(int(thread), allowed)
print(is_team_narrowed(Binding(cpus=format_cpulist(allowed), memory_nodes="", threads=2), gather_team()))
"""


def binding(threads: int) -> Binding:
    return Binding(cpus="0-2", memory_nodes="", threads=threads)


def run_program(program: str, *arguments: str, **variables: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.torch
@pytest.mark.parametrize(
    ("variables", "printed"),
    [({}, "3 3"), ({"OMP_THREAD_LIMIT": "2"}, "2 3")],
    ids=["as many as were set", "a limit that torch does not show"],
)
def test_the_team_is_gathered_where_it_runs(variables: dict[str, str], printed: str) -> None:
    assert run_program(COUNT, **variables) == printed


@pytest.mark.torch
@pytest.mark.parametrize(("cpus", "narrowed"), [("1", "True"), ("2", "False")])
def test_a_runtime_that_began_on_fewer_cpus_is_found_though_all_were_given_back(cpus: str, narrowed: str) -> None:
    llvm = find_library("llvm")
    assert llvm is not None
    assert run_program(NARROWED_AT_FIRST, cpus, LD_PRELOAD=str(llvm)) == narrowed


def test_without_a_runtime_there_is_no_team(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.launch.team.open_openmp", lambda: None)
    assert gather_team() is None
    assert not is_team_narrowed(binding(3), None)


@pytest.mark.parametrize("found", [None, 3, 4], ids=["unknown", "as planned", "more"])
def test_a_team_as_planned_is_no_problem(found: int | None) -> None:
    assert find_team_problem(binding(3), None if found is None else Team((ALL,) * found, 3)) is None


def test_a_smaller_team_names_both_numbers() -> None:
    problem = find_team_problem(binding(3), Team((ALL,) * 2, 3))
    assert problem is not None
    assert describe_reason(problem).startswith("plan has 3 threads, but a parallel region got 2: raise the limits")


@pytest.mark.parametrize(
    ("team", "narrowed"),
    [
        (Team((ALL, ALL, ALL), 3), False),
        (Team((ALL, FIRST, FIRST), 3), True),
        (Team((ALL, ALL, FIRST), 3), False),
        (Team((ALL, ALL, ALL), 1), True),
        (Team((ALL,) * 6, 3), False),
    ],
    ids=["all", "threads that kept one CPU", "one of three kept one", "the runtime counted one", "two on each CPU"],
)
def test_a_team_is_narrowed_if_its_threads_cannot_all_run_at_once(team: Team, narrowed: bool) -> None:
    assert is_team_narrowed(binding(3), team) is narrowed


@pytest.mark.parametrize(
    ("masks", "apart"),
    [
        ([{0, 1}, {0}], 2),
        ([{0, 1}, {1, 2}, {0, 1}, {0, 2}], 3),
        ([{0}, {0}, {0}], 1),
        ([set(range(2000))] * 2000, 2000),
    ],
)
def test_threads_run_apart_as_far_as_their_masks_allow(masks: list[set[int]], apart: int) -> None:
    assert count_apart(list(map(frozenset, masks))) == apart
