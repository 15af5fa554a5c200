import json
from pathlib import Path

import pytest

from bench.records.bundle import Distribution
from bench.records.history import History
from bench.records.record import decode_json
from tests.unit.bundle.builder import make_sbom
from tests.unit.cli.conftest import Invoke
from tests.unit.compare.qualification.units import edit
from tests.unit.history.histories import keep, make_history

KNOWN = """[[known]]
run = "{run}"
owner = "anna"
reason = "a fix of accuracy"
date = 2026-01-03
"""


@pytest.fixture
def slower(tmp_path: Path) -> Path:
    folder = tmp_path / "nightly"
    for contents in make_history(32, 22, 1.08, machine__settings__kernel="6.2"):
        keep(folder, contents)
    return folder


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    folder = tmp_path / "flat"
    for contents in make_history(26):
        keep(folder, contents)
    return folder


def test_a_flat_history_is_status_0(flat: Path, invoke: Invoke) -> None:
    outcome = invoke("history", str(flat))
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.startswith("at most 1 false alarm is expected in 365 runs of 48 cells that do not change")
    assert outcome.out.endswith("(exit status 0)\n")


def test_what_was_searched_is_not_searched_again(slower: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    first = invoke("history", str(slower))
    monkeypatch.setattr("bench.history.searches.find_changes", refuse)
    again = invoke("history", str(slower))
    assert (again.status, again.out) == (first.status, first.out) == (3, first.out)


def test_a_suspected_regression_is_status_3_and_names_what_differs(slower: Path, invoke: Invoke) -> None:
    outcome = invoke("history", str(slower))
    assert outcome.status == 3
    assert outcome.out.count(": slower, latency +") == 2
    assert "  first bundle after the change: " in outcome.out
    assert "20260102T030405Z-00000016.bench.tar" in outcome.out
    assert "warn: machine.settings.kernel: 6.1 → 6.2" in outcome.out


def test_confirm_prints_the_commands(slower: Path, invoke: Invoke) -> None:
    outcome = invoke("history", str(slower), "--confirm")
    assert outcome.status == 3
    assert "    bench run --suite smoke --workload resnet50 " in outcome.out
    assert "    bench compare " in outcome.out


def test_a_known_change_is_status_0(slower: Path, tmp_path: Path, invoke: Invoke) -> None:
    known = tmp_path / "known.toml"
    known.write_text(KNOWN.format(run="20260102T030405Z-00000016"), encoding="utf-8")
    outcome = invoke("history", str(slower), "--known", str(known))
    assert outcome.status == 0
    assert outcome.out.count("acknowledged by anna on 2026-01-03: a fix of accuracy") == 2


def test_json_is_the_record(slower: Path, invoke: Invoke) -> None:
    outcome = invoke("history", str(slower), "--json")
    history = decode_json(outcome.out.encode(), History, source="standard output")
    assert outcome.status == 3
    assert history.outcome == "suspected"
    assert [len(cell.points) for cell in history.hosts[0].cells] == [32, 32]
    assert json.loads(outcome.out)["criteria"]["cells"] == 48


def test_a_page_is_written_besides(flat: Path, tmp_path: Path, invoke: Invoke) -> None:
    page = tmp_path / "history.html"
    outcome = invoke("history", str(flat), "--html", str(page))
    assert outcome.status == 0
    assert outcome.out.endswith("(exit status 0)\n")
    assert "26 comparable runs" in page.read_text(encoding="utf-8")
    assert invoke("history", str(flat), "--html", str(tmp_path / "missing" / "history.html")).status == 7


def test_too_few_runs_are_status_3(tmp_path: Path, invoke: Invoke) -> None:
    bundles = [str(keep(tmp_path, contents)) for contents in make_history(3)]
    outcome = invoke("history", *bundles)
    assert outcome.status == 3
    assert "too few runs" in outcome.out
    assert not list(tmp_path.glob(".bench-history*"))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--run"], "--run is for --confirm"),
        (["--confirm", "--python-a", "x"], "are for --confirm --run"),
        (["--suite", "x.toml"], "are for --confirm --run"),
        (["--source", "x.py"], "are for --confirm --run"),
        (["--input", "x=x.npy"], "are for --confirm --run"),
        (["--confirm", "--run", "--input", "x=0..9"], "--input x=0..9: the bundle states it; only files are named"),
    ],
)
def test_what_only_confirm_uses_is_refused_without_it(
    tmp_path: Path, invoke: Invoke, options: list[str], problem: str
) -> None:
    outcome = invoke("history", str(tmp_path), *options)
    assert outcome.status == 2
    assert problem in outcome.err


def test_a_rerun_without_the_packages_of_before_prints_the_history_and_then_the_way_out(
    tmp_path: Path, invoke: Invoke
) -> None:
    newer = (Distribution(name="numpy", version="2.3.0", digest=None),)
    folder = tmp_path / "nightly"
    for contents in make_history(32, 22, 1.08, environment__distributions=newer):
        keep(folder, edit(contents, "sbom", make_sbom(contents.environment)))
    outcome = invoke("history", str(folder), "--confirm", "--run", "--output", str(tmp_path / "confirm"))
    assert outcome.status == 2
    assert "    bench ab --python-a PYTHON_A --python-b PYTHON_B --suite smoke --workload resnet50 " in outcome.out
    assert "name an environment with numpy" in outcome.err
    assert outcome.err.endswith("by --python-a PATH\n")


def test_a_bundle_that_was_named_must_verify(tmp_path: Path, invoke: Invoke) -> None:
    path = tmp_path / "broken.bench.tar"
    path.write_bytes(b"no bundle")
    assert invoke("history", str(path)).status == 6


def test_without_a_cache_that_is_said(flat: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.delenv("HOME", raising=False)
    outcome = invoke("history", str(flat))
    assert outcome.status == 0
    assert "no cache, so that all bundles are verified each time" in outcome.err
