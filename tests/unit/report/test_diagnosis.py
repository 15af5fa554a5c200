"""Diagnoses as text, and the tables of sentences and remedies."""

import re
import string
from pathlib import Path

import pytest

import bench
from bench.doctor.capacity import find_capacity
from bench.doctor.finding import make_finding, make_unknown
from bench.doctor.neighbours import find_neighbours
from bench.doctor.settings import find_settings
from bench.records.diagnosis import Cost, Diagnosis
from bench.report.diagnosis import describe_cost, describe_finding, render_diagnosis
from bench.report.printable import wrap_lines
from bench.report.reasons_doctor import REMEDIES, SENTENCES_DOCTOR
from tests.unit.doctor.findings import QUIET, READINGS, change

SOURCES = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((Path(bench.__file__).parent / "doctor").glob("*.py"))
)
FOUND = Diagnosis(
    findings=(
        make_unknown("boost", "/sys/boost"),
        make_finding("swap", "fine", "no_swap"),
        make_finding("memory", "missing", "memory_short", available_bytes=str(1 << 30), needed_bytes=str(4 << 30)),
        make_finding(
            "neighbours",
            "scatter",
            "steal_seen",
            Cost(effect="time", low_ratio=0.0, high_ratio=0.25, source="this host"),
            cpus="0-1",
            worst_ratio="0.200",
        ),
        make_finding("huge_pages", "slow", "huge_pages_never"),
    ),
    probe=None,
)


def test_each_code_of_the_doctor_has_a_sentence_and_none_has_two_meanings() -> None:
    codes = set(re.findall(r'make_finding\(\s*[^,]+,\s*"[a-z]+",\s*"([a-z0-9_]+)"', SOURCES))
    assert len(codes) > 40
    assert codes <= SENTENCES_DOCTOR.keys()
    assert [code for code in SENTENCES_DOCTOR if f'"{code}"' not in SOURCES] == []


def test_what_can_be_changed_has_a_remedy_and_nothing_else() -> None:
    made = re.findall(r'make_finding\(\s*[^,]+,\s*"([a-z]+)",\s*"([a-z0-9_]+)"', SOURCES)
    bad = {code for severity, code in made if severity in {"scatter", "slow", "missing"}}
    # The engine's own message says what to do; limits are made in one place, for three codes.
    limits = {"threads_limited", "open_files_limited", "address_space_limited"}
    assert REMEDIES.keys() == (bad | limits) - {"engine_unusable"}


def test_sentences_and_remedies_use_only_values_that_are_there() -> None:
    findings = [*find_settings(QUIET, READINGS), *find_capacity(QUIET, READINGS), *find_neighbours(None)]
    assert not [text for finding in findings if "?" in (text := describe_finding(finding))]
    for code, remedy in REMEDIES.items():
        names = {name for _, name, _, _ in string.Formatter().parse(remedy) if name}
        assert names <= ({"package", "option"} if code == "library_missing" else set())


def test_the_table_is_by_severity_and_says_costs_and_what_to_do() -> None:
    shown = render_diagnosis(FOUND, None)
    rows = [line.split("  ")[0] for line in shown.splitlines()[2:5]]
    assert rows == ["scatter", "slow", "missing"]
    assert "on CPUs 0-1 the hypervisor gave up to 20% of the time to others" in shown
    assert "costs 0% to 25% more time (this host)" in shown
    assert "costs unknown" in shown
    assert "to change it: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled" in shown
    assert "1.00 GiB available; the largest workloads need 4.00 GiB" in shown
    assert shown.splitlines()[-4:] == [
        "unknown  boost: not shown here (/sys/boost)",
        "fine     swap: none",
        "",
        "Nothing was changed.",
    ]


@pytest.mark.parametrize("width", [80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    machine = change(change(QUIET, "settings", governor="powersave", hypervisor="kvm"), "topology", smt_active=True)
    findings = (*FOUND.findings, *find_settings(machine, READINGS), *find_capacity(machine, READINGS))
    shown = wrap_lines(render_diagnosis(Diagnosis(findings=findings, probe=None), width), width)
    assert max(map(len, shown.splitlines())) <= width
    assert "cpupower frequency-set --governor performance" in " ".join(shown.split())


def test_a_host_on_which_nothing_is_found() -> None:
    quiet = Diagnosis(findings=(make_finding("swap", "fine", "no_swap"),), probe=None)
    assert render_diagnosis(quiet, 80).splitlines()[0] == "nothing found"


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (None, "unknown"),
        (Cost(effect="time", low_ratio=0.0, high_ratio=0.0, source="x"), "nothing (x)"),
        (Cost(effect="run_scatter", low_ratio=0.0155, high_ratio=0.0155, source="x"), "1.55% of standard deviation between runs (x)"),
        (Cost(effect="variance", low_ratio=0.0, high_ratio=0.72, source="x"), "0% to 72% more variance between repetitions (x)"),
    ],
)  # fmt: skip
def test_costs(cost: Cost | None, text: str) -> None:
    assert describe_cost(cost) == text


def test_a_value_that_is_no_number_is_shown_as_it_is() -> None:
    finding = make_finding("memory", "fine", "memory_enough", available_bytes="much")
    assert describe_finding(finding) == "much available"
