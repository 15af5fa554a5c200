"""The page of a history: each cell drawn, each change named, no text taken for markup, and no more than a page can show."""

import pytest
from msgspec.structs import replace

from bench.history.judge import judge_history
from bench.history.series import group_series
from bench.records.history import History
from bench.report.html import history as page
from bench.report.html.charts.history import fill
from bench.report.html.history import render_history_page
from bench.stats.change_limits import load_limits
from tests.unit.history.histories import make_columns, make_history
from tests.unit.report.html.page_reader import Page


def make_report(count: int = 32, **changes: object) -> History:
    runs = make_history(count, 22, 1.08, **changes)
    columns = make_columns(runs)
    bundles = [f"nightly/{contents.info.run_id}.bench.tar" for contents in runs]
    return judge_history(columns, bundles, group_series(columns, across_locks=False), load_limits())


@pytest.fixture(scope="module")
def report() -> History:
    return make_report(machine__settings__kernel="6.2")


def test_changes_are_named_with_size_state_and_what_differs(report: History) -> None:
    text = Page(render_history_page(report)).text
    assert "suspected: at least one cell became slower" in text
    assert "32 comparable runs" in text
    assert text.count("warn: machine.settings.kernel: 6.1 → 6.2") == 2
    assert text.count("nightly/20260102T030405Z-00000016.bench.tar") == 2


def test_each_cell_is_drawn_and_the_page_is_the_same_each_time(report: History) -> None:
    text = render_history_page(report)
    drawn = [element for element in Page(text).find("svg") if element.attributes.get("role") == "img"]
    assert len(drawn) == len(report.hosts[0].cells) == 2
    assert text == render_history_page(report)


def test_without_changes_there_is_no_table_of_them() -> None:
    text = render_history_page(make_report(20))
    assert "Changes" not in Page(text).text
    assert "no change" not in text


def test_what_a_bundle_says_is_never_markup() -> None:
    text = render_history_page(make_report(machine__settings__kernel="<script>alert(1)</script>"))
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_of_many_runs_the_newest_are_drawn_and_the_others_counted(
    report: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MARKS_MAX", 20)
    monkeypatch.setattr(page, "RUNS_MIN", 5)
    assert "The 22 runs before are not drawn." in Page(render_history_page(report)).text
    monkeypatch.setattr(page, "FIGURES_MAX", 1)
    assert len(Page(render_history_page(report)).find("figure")) == 1


def test_levels_and_changes_lie_between_runs(report: History) -> None:
    cell = report.hosts[0].cells[0]
    data = fill(cell, 0, ["+8%"])
    first, second = data["levels"]
    assert (first["first"], first["last"], second["first"], second["last"]) == (0.5, 22.5, 22.5, 32.5)
    assert data["changes"] == [{"run": 22.5, "size": "+8%"}]
    assert [run["run"] for run in data["runs"]] == list(range(1, 33))
    later = fill(replace(cell, changes=()), 25, [])
    assert (later["levels"], later["changes"]) == ([{**second, "first": 25.5}], [])
