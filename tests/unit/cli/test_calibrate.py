import json
from pathlib import Path

import pytest

from bench.hardware.detect import detect
from bench.run import session
from bench.run.prepare import Decision
from tests.builders import POLICY, PROFILE, make_cell, make_plan
from tests.unit.cli.conftest import Invoke
from tests.unit.run.scripted import Workers


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of one cell whose workers are scripted."""
    plan = make_plan(make_cell(0), policy=POLICY)
    monkeypatch.setattr(
        "bench.run.prepare.prepare_run", lambda _options: Decision(machine=detect(), profile=PROFILE, plan=plan)
    )
    monkeypatch.setattr(session, "Workers", Workers)


def test_keeps_what_it_found_where_later_runs_find_it(tmp_path: Path, invoke: Invoke) -> None:
    outcome = invoke("calibrate", "--runs", "5", "--output", str(tmp_path))
    assert outcome.status == 0, outcome.err
    assert "run 5 of 5" in outcome.err
    assert f"calibration: {tmp_path}/calibration.json" in outcome.out
    assert len(list(tmp_path.glob("*.bench.tar"))) == 5
    assert len(json.loads((tmp_path / "calibration.json").read_text())["runs"]) == 5


def test_json_is_the_record(tmp_path: Path, invoke: Invoke) -> None:
    outcome = invoke("calibrate", "--json", "--output", str(tmp_path))
    assert outcome.status == 0, outcome.err
    assert json.loads(outcome.out) == json.loads((tmp_path / "calibration.json").read_text())


def test_too_little_is_status_3_and_keeps_no_calibration(tmp_path: Path, invoke: Invoke) -> None:
    outcome = invoke("calibrate", "--runs", "2", "--output", str(tmp_path))
    assert outcome.status == 3
    assert "more --runs or --repetitions" in outcome.err
    assert not (tmp_path / "calibration.json").exists()
