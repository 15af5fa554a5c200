"""`bench bisect` at the command line, with a stand-in for pip and scripted workers."""

import json
from pathlib import Path

import pytest

from bench.launch.torch_environment import find_environment
from tests.pip_stand_in import plant_pip
from tests.unit.cli.conftest import Invoke
from tests.unit.cli.test_two_runs import (  # noqa: F401 - fixtures
    GIVEN,
    REPETITIONS,
    Pace,
    no_case_facts,
    pace,
    quick_runs,
    suite,
)

AVAILABLE = "2.14.1, 2.13.0, 2.12.1, 9.0.0, 2.12.0, 2.11.0"
"""As pip prints them, the newest first; the stand-in cannot install 9.0.0."""


def test_the_first_slower_release_is_found_and_what_was_measured_is_used_again(
    pace: Pace,  # noqa: F811 - the fixture
    invoke: Invoke,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant_pip(monkeypatch, tmp_path, available=AVAILABLE)
    for release in ("2.12.0", "2.12.1", "2.13.0"):
        pace.interpreters.append(str(find_environment(release, tmp_path / "cache/bench") / "bin/python"))
    pace.slowdown = 1.25
    output = tmp_path / "bundles"
    command = ("bisect", "--good", "2.12.0", "--bad", "2.13.0", *GIVEN, *REPETITIONS, "--output", str(output))
    outcome = invoke(*command)
    assert outcome.status == 1, outcome.err
    assert "9.0.0: skipped: torch 9.0.0 cannot be installed: No matching distribution found for" in outcome.out
    assert outcome.out.endswith("first bad: 2.13.0; last good: 2.12.1 (exit status 1)\n")
    bundles = sorted(map(str, output.glob("*.bench.tar")))
    assert len(bundles) == 2
    measured = pace.measured
    again = invoke(*command, "--resume", "--json")
    assert (again.status, pace.measured) == (1, measured), again.err
    found = json.loads(again.out)
    assert [trial["candidate"] for trial in found["trials"]] == ["2.13.0", "9.0.0", "2.12.1"]
    assert sorted(trial["bundle"] for trial in found["trials"] if "bundle" in trial) == bundles
    assert invoke("verify", *bundles).status == 0


def test_an_interrupted_trial_says_how_to_go_on(
    pace: Pace,  # noqa: F811 - the fixture
    invoke: Invoke,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant_pip(monkeypatch, tmp_path)
    for release in ("2.12.0", "2.13.0"):
        pace.interpreters.append(str(find_environment(release, tmp_path / "cache/bench") / "bin/python"))
    pace.slowdown, pace.script = 1.25, [KeyboardInterrupt()]
    command = ("bisect", "--versions", "2.12.0,2.13.0", *GIVEN, *REPETITIONS, "--output", str(tmp_path / "bundles"))
    outcome = invoke(*command)
    assert outcome.status == 130
    first, _, then = outcome.err.strip().rpartition("go on with: bench ")[2].partition("; ")
    assert then == "then repeat this bench bisect with --resume"
    assert invoke(*first.split()).status == 1
    measured = pace.measured
    resumed = invoke(*command, "--resume")
    assert (resumed.status, pace.measured) == (1, measured)
    assert resumed.out.endswith("first bad: 2.13.0; last good: 2.12.0 (exit status 1)\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "name the candidates in one way: --good and --bad, --versions, or --python"),
        ("--good 2.12.0", "name the candidates in one way"),
        ("--good 2.12.0 --bad 2.13.0 --versions 2.12.0,2.13.0", "name the candidates in one way"),
        ("--good 2.13.0 --bad 2.12.0", "--good 2.13.0 is not before --bad 2.12.0"),
        ("--good 2.12.0 --bad 2.77.0", "pip lists no release 2.77.0 of torch; it lists 2.11.0, 2.12.0, 9.0.0"),
        ("--versions 2.12.0", "2.12.0 is the only candidate; name two at least"),
        ("--versions 2.12.0,newest", "'newest' is not a release like 2.13.0"),
    ],
)
def test_wrong_candidates_are_one_line_and_status_2(
    arguments: str, message: str, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_pip(monkeypatch, tmp_path, available=AVAILABLE)
    outcome = invoke("bisect", *arguments.split(), "--workload", "resnet50")
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_whole_suite_is_not_bisected_by_accident(invoke: Invoke) -> None:
    outcome = invoke("bisect", "--versions", "2.12.0,2.13.0")
    assert (outcome.status, outcome.out) == (2, "")
    assert "which workload is slower?" in outcome.err


def test_an_end_that_cannot_be_installed_ends_it(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_pip(monkeypatch, tmp_path)
    outcome = invoke("bisect", "--versions", "9.0.0,2.13.0", *GIVEN, "--output", str(tmp_path))
    assert outcome.status == 7
    assert "torch 9.0.0 cannot be installed" in outcome.err
