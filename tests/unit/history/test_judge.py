import datetime as dt
from collections.abc import Sequence

import pytest

from bench.history.judge import conclude, judge_history
from bench.history.series import group_series
from bench.records.bundle import Contents
from bench.records.history import History, KnownChange
from bench.stats.change_limits import load_limits
from tests.unit.history.histories import LATENCY_S, make_columns, make_history, make_run


def judge(runs: Sequence[Contents], *known: KnownChange) -> History:
    columns = make_columns(runs)
    bundles = [f"{contents.info.run_id}.bench.tar" for contents in runs]
    return judge_history(columns, bundles, group_series(columns, across_locks=False), load_limits(), known=known)


def acknowledge(run: str, **changes: object) -> KnownChange:
    return KnownChange(run=run, owner="anna", reason="a fix of accuracy", date=dt.date(2026, 1, 3), **changes)  # type: ignore[arg-type]


SLOWER = make_history(34, 26, 1.08, machine__settings__kernel="6.2")
FIRST = SLOWER[26].info.run_id


def test_a_flat_history_is_no_regression_and_says_what_it_would_show() -> None:
    history = judge(make_history(34))
    assert history.outcome == "no_regression"
    for cell in history.hosts[0].cells:
        assert cell.changes == ()
        assert len(cell.levels) == 1
        assert cell.detectable_ratio is not None
        assert 0.004 < cell.detectable_ratio < 0.05
        assert len(cell.points) == 34


def test_a_slower_cell_is_suspected_with_place_size_and_what_differs() -> None:
    history = judge(SLOWER)
    assert history.outcome == "suspected"
    cell = history.hosts[0].cells[0]
    (change,) = cell.changes
    assert (change.before, change.first, change.direction, change.state) == (25, 26, "slower", "suspected")
    assert change.found <= 33
    assert cell.points[change.first].run == FIRST
    assert change.ratio.low < change.ratio.point < change.ratio.high
    assert change.ratio.point == pytest.approx(1.08, abs=0.006)
    assert change.ratio.high - change.ratio.low < 0.03
    assert [finding.field for finding in change.differences] == ["machine.settings.kernel"]
    assert [(level.first, level.last) for level in cell.levels] == [(0, 25), (26, 33)]
    assert cell.levels[1].latency_s / cell.levels[0].latency_s == pytest.approx(1.08, rel=0.01)
    assert cell.levels[0].latency_s == pytest.approx(LATENCY_S, rel=0.01)


def test_a_faster_cell_is_no_regression() -> None:
    history = judge(make_history(34, 26, 0.92))
    assert history.outcome == "no_regression"
    assert {change.direction for cell in history.hosts[0].cells for change in cell.changes} == {"faster"}


def test_an_acknowledged_change_is_no_regression() -> None:
    known = acknowledge(FIRST)
    history = judge(SLOWER, known)
    assert history.outcome == "no_regression"
    assert all(cell.changes[0].acknowledged == known for cell in history.hosts[0].cells)
    assert history.notes == ()


def test_an_entry_for_one_layout_acknowledges_no_other() -> None:
    history = judge(SLOWER, acknowledge(FIRST, layout="latency", workload="resnet50"))
    states = [cell.changes[0].state for cell in history.hosts[0].cells]
    assert states == ["acknowledged", "suspected"]
    assert history.outcome == "suspected"


def test_an_entry_that_no_change_needs_is_named() -> None:
    history = judge(make_history(30), acknowledge("20260102T030405Z-00000099"))
    assert [note.code for note in history.notes] == ["known_not_found"]


def test_a_change_that_a_later_one_undoes_is_no_regression() -> None:
    runs = [make_run(number, 1.1 if 25 <= number < 45 else 1.0) for number in range(60)]
    history = judge(runs)
    cell = history.hosts[0].cells[0]
    assert [(change.direction, change.state) for change in cell.changes] == [
        ("slower", "undone"),
        ("faster", "suspected"),
    ]
    assert history.outcome == "no_regression"


def test_a_break_is_no_regression() -> None:
    runs = make_history(50, 25, 1.2, machine__settings__governor="powersave")
    history = judge(runs)
    assert len(history.hosts) == 2
    assert not any(cell.changes for host in history.hosts for cell in host.cells)
    assert history.outcome == "no_regression"


def test_too_few_runs_are_no_success() -> None:
    assert judge(make_history(5)).outcome == "too_few_runs"
    assert conclude(()) == "too_few_runs"


def test_what_was_found_stays_as_more_runs_come() -> None:
    whole = [cell.changes for cell in judge(SLOWER).hosts[0].cells]
    part = [cell.changes for cell in judge(SLOWER[:-1]).hosts[0].cells]
    assert [[(change.first, change.found) for change in changes] for changes in part] == [
        [(change.first, change.found) for change in changes] for changes in whole
    ]
