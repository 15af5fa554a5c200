import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

import bench
from bench.records.triage import Triage, UnreadBundle
from bench.report.html.triage import render_triage_page
from bench.report.junit_triage import render_junit_triage
from bench.report.reasons import SENTENCES
from bench.report.triage import LISTED_MAX, render_triage
from bench.triage.judge import judge_fleet
from tests.unit.triage.fleets import CRITERIA, NOW, ODD, extract, judge, make_fleet, make_run


@pytest.fixture(scope="module")
def triage() -> Triage:
    odd = {
        "n003": make_run(3, 1.2),
        "n004": make_run(4, 1.03),
        "n005": make_run(5, outputs=ODD),
        "n006": make_run(6, machine__settings__governor="powersave"),
        "n007": make_run(7, machine__cpu__model_name="<b>Other</b>"),
    }
    found = judge(make_fleet(24, **odd))
    return replace(found, unread=(UnreadBundle(path="x.bench.tar", error="altered"),))


def test_the_outcome_comes_first_and_odd_machines_before_fine_ones(triage: Triage) -> None:
    lines = render_triage(triage).splitlines()
    assert lines[0].startswith("odd machines found: 1 SLOW, 1 WRONG OUTPUTS, 1 suspect, ")
    starts = [line.split()[0] for line in lines if re.match(r"n\d{3} ", line)]
    assert starts[:3] == ["n003", "n005", "n004"]


def test_reasons_settings_and_bundles_that_do_not_verify_are_told(triage: Triage) -> None:
    text = render_triage(triage)
    assert "n004: resnet50/inference" in text
    assert "measure this machine again, and triage that run with this folder as --reference" in text
    assert "machine.settings.governor: powersave on n006; performance on 22" in text
    assert "class 1: 1 machine; unlike class 0: cpu GenuineIntel <b>Other</b>" in text
    assert "not verified: x.bench.tar: altered" in text


def test_many_machines_are_cut_and_none_that_is_odd_is_hidden() -> None:
    text = render_triage(judge(make_fleet(LISTED_MAX + 21, n003=make_run(3, 1.2))))
    assert "20 more machines are fine; --json lists all" in text
    assert re.search(r"^n003 .*SLOW", text, re.MULTILINE)


def test_many_cells_settings_and_classes_are_cut_too() -> None:
    """A bundle may have ten thousand cells, and its author chooses each value in it."""
    fleet = [extract(run) for run in make_fleet(12)]
    (value,) = {cell.log: cell for cell in list(fleet[0].cells.values())[:1]}.values()
    names = [f"cell {number}" for number in range(3000)]
    for number, run in enumerate(fleet):
        run.cells.update(
            {name: replace(value, log=0.0 if number else 1.0) for name in names[: -100 if number == 5 else None]}
        )
        run.settings.update({f"field {field}": f"value {number}" for field in range(100)})
    others = [extract(make_run(number, machine__cpu__model_name=f"CPU {number}")) for number in range(20, 120)]
    triage = judge_fleet([*fleet, *others], (), (), criteria=CRITERIA, now=NOW)
    lines = render_triage(triage).splitlines()
    assert len(lines) < 500
    for words in ("2961 more cells", "more classes; --json lists all", "more lines of this kind; --json lists all"):
        assert any(words in line for line in lines)


def test_junit_has_a_suite_for_each_class_and_nothing_undecided_passes(triage: Triage) -> None:
    suites = ET.fromstring(render_junit_triage(triage)).findall("testsuite")  # noqa: S314 - bench's own
    counts = [(suite.get("tests"), suite.get("failures"), suite.get("errors")) for suite in suites]
    assert counts == [("23", "2", "1"), ("1", "0", "1"), ("1", "0", "1")]


def test_the_page_has_every_machine_and_escapes_what_bundles_say(triage: Triage) -> None:
    page = render_triage_page(triage)
    assert all(machine.name in page for machine in triage.machines)
    assert "<b>Other" not in page
    assert "&lt;b&gt;Other" in page
    assert "COMPUTED SOMETHING ELSE" in page
    assert page == render_triage_page(triage)


def test_each_code_has_a_sentence() -> None:
    sources = (Path(bench.__file__).parent / "triage").glob("*.py")
    codes = {code for path in sources for code in re.findall(r'code(?:=|, found, needed = )"(\w+)"', path.read_text())}
    assert {"suspect_cell", "small_class", "too_few_reference_machines"} <= codes <= SENTENCES.keys()
