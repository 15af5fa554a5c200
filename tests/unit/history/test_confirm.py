from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.errors import BenchError, BundleError, TooNoisyError, UsageError
from bench.history import confirm as confirming
from bench.history.confirm import Measure, RerunSettings, confirm_changes, plan_rerun, rerun_changes
from bench.history.judge import judge_history
from bench.history.rerun import OwnFiles
from bench.history.series import group_series
from bench.records.bundle import Contents, Distribution
from bench.records.history import History, LevelChange
from bench.run.prepare import Decision
from bench.stats.change_limits import load_limits
from tests.unit.bundle.builder import make_sbom
from tests.unit.compare.qualification.units import edit
from tests.unit.history.histories import keep, make_columns, make_history, make_run

NEWER = (
    Distribution(name="numpy", version="2.3.0", digest=None),
    Distribution(name="torch", version="2.15.0", digest=None),
)


def judge(folder: Path, runs: list[Contents]) -> History:
    """A history whose bundles around the change are in the folder."""
    paths = [str(folder / f"{contents.info.run_id}.bench.tar") for contents in runs]
    for contents in runs[15:]:
        keep(folder, edit(contents, "sbom", make_sbom(contents.environment)))
    columns = make_columns(runs)
    return judge_history(columns, paths, group_series(columns, across_locks=False), load_limits())


@pytest.fixture
def same_software(tmp_path: Path) -> History:
    return judge(tmp_path, make_history(32, 22, 1.08))


@pytest.fixture(autouse=True)
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was planned for this host; the plan itself is that of the history."""
    seen: list[object] = []

    def prepare(*arguments: object, output: Path) -> Decision:
        seen.append((*arguments, output))
        contents = make_run(0)
        return Decision(machine=contents.machine, profile=contents.profile, plan=contents.plan)

    monkeypatch.setattr(confirming, "prepare_run", prepare)
    monkeypatch.setattr(confirming, "prepare_ab", prepare)
    return seen


def confirm_all(history: History, folder: Path, measure: Measure) -> tuple[History, BenchError | None]:
    settings = RerunSettings(python_a=None, own=OwnFiles(), output=folder)
    return rerun_changes(confirm_changes(history, plan_rerun), settings, measure)


def first_change(history: History) -> LevelChange:
    return history.hosts[0].cells[0].changes[0]


def test_the_same_software_is_measured_once_more_and_compared_with_the_runs_before(same_software: History) -> None:
    planned = first_change(confirm_changes(same_software, plan_rerun))
    assert planned.state == "suspected"
    assert planned.rerun is not None
    assert planned.rerun.kind == "repeat"
    run, compare = planned.rerun.commands
    assert " ".join(run) == (
        "bench run --suite smoke --workload resnet50 --mode inference --precision fp32 --memory-format channels_last "
        "--backend eager --batch-size 4 --shape image_size=64 --layout latency --repetitions 10:20"
    )
    assert compare[:2] == ("bench", "compare")
    assert [Path(word).name[-18:-10] for word in compare[2:7]] == [f"{number:08x}" for number in range(15, 20)]
    assert compare[7:9] == ("--", "NEW_BUNDLE")


def test_other_packages_are_measured_in_turn(tmp_path: Path) -> None:
    history = judge(tmp_path, make_history(32, 22, 1.08, environment__distributions=NEWER))
    rerun = first_change(confirm_changes(history, plan_rerun)).rerun
    assert rerun is not None
    assert rerun.kind == "ab"
    assert rerun.packages["torch"] == ("2.14.1", "2.15.0")
    assert rerun.commands[0][:6] == ("bench", "ab", "--python-a", "PYTHON_A", "--python-b", "PYTHON_B")
    kept, error = confirm_all(history, tmp_path, never)
    assert isinstance(error, UsageError)
    assert "torch 2.14.1 by --python-a" in str(error)
    assert first_change(kept).rerun == first_change(confirm_changes(history, plan_rerun)).rerun


def never(_: Decision) -> Path:
    raise AssertionError


@pytest.mark.parametrize(
    ("factor", "state", "outcome"), [(1.08, "confirmed", "regression"), (1.0, "refuted", "no_regression")]
)
def test_a_rerun_decides(  # noqa: PLR0917 - fixtures and a table
    tmp_path: Path, same_software: History, prepared: list[object], factor: float, state: str, outcome: str
) -> None:
    again = keep(tmp_path / "confirm", make_run(40, factor))
    decided, error = confirm_all(same_software, tmp_path, lambda _: again)
    assert error is None
    assert len(prepared) == 2
    assert {cell.changes[0].state for cell in decided.hosts[0].cells} == {state}
    assert decided.outcome == outcome
    shown = first_change(decided).rerun
    assert shown is not None
    assert shown.bundle == str(again)
    assert shown.comparison is not None
    assert [verdict.layout for verdict in shown.comparison.cells] == ["latency"]


def test_what_reruns_showed_before_an_error_is_kept(tmp_path: Path, same_software: History) -> None:
    again = [keep(tmp_path / "confirm", make_run(40, 1.08)), tmp_path / "missing.bench.tar"]
    (tmp_path / "missing.bench.tar").write_bytes(b"no bundle")
    decided, error = confirm_all(same_software, tmp_path, lambda _: again.pop(0))
    assert isinstance(error, BundleError)
    assert [cell.changes[0].state for cell in decided.hosts[0].cells] == ["confirmed", "suspected"]
    assert decided.outcome == "regression"


def test_nothing_is_measured_if_a_rerun_cannot_be_planned(
    tmp_path: Path, same_software: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, output: Path) -> Decision:
        raise UsageError(f"{output}: no such layout")

    monkeypatch.setattr(confirming, "prepare_run", refuse)
    kept, error = confirm_all(same_software, tmp_path, never)
    assert isinstance(error, UsageError)
    assert kept.outcome == "suspected"


def test_runs_with_too_few_repetitions_for_a_verdict_are_left_out_and_alone_refused(
    tmp_path: Path, same_software: History
) -> None:
    few = limit_repetitions(same_software, lambda index: 3 if index >= 16 else 6)
    rerun = first_change(confirm_changes(few, plan_rerun)).rerun
    assert rerun is not None
    assert [Path(word).name[-18:-10] for word in rerun.commands[1][2:7]] == [f"{number:08x}" for number in range(9, 14)]
    _, error = confirm_all(limit_repetitions(same_software, lambda _: 3), tmp_path, never)
    assert isinstance(error, TooNoisyError)
    assert "runs before the change have 3 valid repetitions at most, and a verdict takes 5" in str(error)


def limit_repetitions(history: History, count: Callable[[int], int]) -> History:
    """The history, as if its runs had so many repetitions."""
    host = history.hosts[0]
    cells = tuple(
        replace(cell, points=tuple(replace(point, repetitions=count(at)) for at, point in enumerate(cell.points)))
        for cell in host.cells
    )
    return replace(history, hosts=(replace(host, cells=cells),))


def test_only_suspected_changes_to_slower_are_confirmed(same_software: History) -> None:
    hosts = tuple(
        replace(
            host,
            cells=tuple(
                replace(cell, changes=tuple(replace(change, state="acknowledged") for change in cell.changes))
                for cell in host.cells
            ),
        )
        for host in same_software.hosts
    )
    assert confirm_changes(replace(same_software, hosts=hosts), fail).outcome == "no_regression"
    confirm_changes(judge_faster(), fail)


def fail(*_: object) -> LevelChange:
    raise AssertionError


def judge_faster() -> History:
    runs = make_history(32, 22, 0.92)
    columns = make_columns(runs)
    return judge_history(columns, [""] * 32, group_series(columns, across_locks=False), load_limits())
