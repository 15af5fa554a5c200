import tarfile
from pathlib import Path

import pytest

from bench.errors import EnvironmentUnfitError
from bench.records.diagnosis import Diagnosis
from bench.records.record import decode_json
from tests.unit.cli.conftest import Invoke
from tests.unit.cli.test_root import unpack


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise EnvironmentUnfitError("no Docker engine answers here")

    monkeypatch.setattr("bench.doctor.software.ask_engine", refuse)


def decode(text: str) -> Diagnosis:
    return decode_json(text.encode(), Diagnosis, source="-")


def test_this_host_is_probed_and_nothing_is_changed(invoke: Invoke, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    outcome = invoke("doctor", "--probe", "0.1", "--output", str(folder), "--json")
    assert outcome.status == 0
    assert outcome.err == "Looking for noisy neighbours for 0.1 s. Ctrl-C ends it.\n"
    diagnosis = decode(outcome.out)
    assert diagnosis.probe is not None
    assert diagnosis.probe.rounds >= 5
    assert {"openmp", "docker", "results_folder"} <= {finding.subject for finding in diagnosis.findings}
    assert not folder.exists()


def test_the_text_shows_each_finding(invoke: Invoke) -> None:
    outcome = invoke("doctor", "--probe", "0")
    assert (outcome.status, outcome.err) == (0, "")
    assert "no Docker engine answers here" in outcome.out
    assert "unknown  neighbours: not probed\n" in outcome.out
    assert outcome.out.endswith("Nothing was changed.\n")


def test_a_recorded_machine_is_not_probed(invoke: Invoke, tmp_path: Path) -> None:
    outcome = invoke("doctor", "--root", unpack("nto-xeon-6330", tmp_path), "--json")
    assert (outcome.status, outcome.err) == (0, "")
    diagnosis = decode(outcome.out)
    assert diagnosis.probe is None
    assert "docker" not in {finding.subject for finding in diagnosis.findings}


def test_a_recording_of_this_host_shows_what_this_host_shows(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("detect", "--record", str(tmp_path / "machine.tar.gz")).status == 0
    unpacked = unpack_file(tmp_path)
    shown = {finding.subject: finding.severity for finding in decode(invoke("doctor", "--root", unpacked, "--json").out).findings}  # fmt: skip
    here = {finding.subject: finding.severity for finding in decode(invoke("doctor", "--probe", "0", "--json").out).findings}  # fmt: skip
    # Load and memory move between the two.
    settings = shown.keys() - {"load", "memory", "swap"}
    assert {"limits", "timer_slack", "clock", "perf_counters"} <= settings
    assert {name: shown[name] for name in settings} == {name: here[name] for name in settings}


def unpack_file(folder: Path) -> str:
    with tarfile.open(folder / "machine.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return str(folder / "root")


def test_a_probe_that_is_interrupted_ends_in_one_line(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.doctor.diagnose.run_probe", interrupt)
    outcome = invoke("doctor", "--probe", "5")
    assert (outcome.status, outcome.out) == (130, "")
    # click ends the line on which a terminal shows ^C.
    assert outcome.err.splitlines()[1:] == ["", "bench: interrupted"]


def test_cpus_that_are_taken_away_meanwhile_are_one_line(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr("bench.doctor.diagnose.run_probe", fail)
    outcome = invoke("doctor", "--probe", "5")
    assert outcome.status == 7
    assert "could not all be probed: Invalid argument; " in outcome.err


@pytest.mark.parametrize("value", ["-1", "long", "3601"])
def test_a_wrong_length_of_the_probe_is_wrong_usage(invoke: Invoke, value: str) -> None:
    outcome = invoke("doctor", "--probe", value)
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1
