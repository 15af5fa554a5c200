import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle import environment
from bench.records.measurement import Failure
from bench.run import session
from bench.run.options import RunOptions
from bench.run.prepare import Decision
from tests.builders import POLICY
from tests.unit.cli.conftest import Invoke
from tests.unit.run.scripted import Workers, decide


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of one cell whose workers are scripted."""

    def prepare(options: RunOptions, *, output: Path) -> Decision:  # noqa: ARG001 - as prepare_run
        assert options.repetitions is not None
        least, most = options.repetitions
        policy = replace(POLICY, repetitions_min=least, repetitions_max=most)
        return decide(1, policy)

    monkeypatch.setattr("bench.run.prepare.prepare_run", prepare)
    monkeypatch.setattr(session, "Workers", lambda **_: Workers())
    monkeypatch.setattr("bench.run.probes.compile_library", lambda *_, **__: None)  # they load no library
    # py-cpuinfo takes a second in each run, and is kept as evidence only.
    monkeypatch.setattr(environment, "read_cpu_evidence", dict)


def test_keeps_what_it_found_where_later_runs_find_it(tmp_path: Path, invoke: Invoke) -> None:
    outcome = invoke("calibrate", "--runs", "5", "--output", str(tmp_path))
    assert outcome.status == 0, outcome.err
    assert "run 5 of 5" in outcome.err
    assert f"calibration: {tmp_path}/calibration.json" in outcome.out
    assert len(list(tmp_path.glob("*.bench.tar"))) == 5
    assert len(json.loads((tmp_path / "calibration.json").read_text())["runs"]) == 5


def test_json_is_the_record(tmp_path: Path, invoke: Invoke) -> None:
    outcome = invoke("calibrate", "--runs", "2", "--json", "--output", str(tmp_path))
    assert outcome.status == 0, outcome.err
    assert json.loads(outcome.out) == json.loads((tmp_path / "calibration.json").read_text())


def test_runs_without_enough_repetitions_are_status_3_and_keep_no_calibration(
    tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash = Failure(reason="crashed", values={"signal": "SIGSEGV"})
    monkeypatch.setattr(session, "Workers", lambda **_: Workers(crash))
    outcome = invoke("calibrate", "--runs", "2", "--output", str(tmp_path))
    assert outcome.status == 3
    assert (
        "no cell has 2 valid repetitions in each of two runs, and 10 in all; calibrate with more --runs or --repetitions"
        in outcome.err
    )
    assert not (tmp_path / "calibration.json").exists()


def test_fewer_repetitions_than_a_verdict_takes_are_refused_before_any_run(tmp_path: Path, invoke: Invoke) -> None:
    outcome = invoke("calibrate", "--repetitions", "4", "--output", str(tmp_path))
    assert outcome.status == 2
    assert "4 is not in the range 5<=x<=1000" in outcome.err
    assert not list(tmp_path.glob("*.bench.tar"))
