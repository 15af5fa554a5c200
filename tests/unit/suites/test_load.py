from pathlib import Path

import pytest

from bench.backends.registry import BACKENDS
from bench.errors import UsageError
from bench.records.case import FAMILIES, MEMORY_FORMATS, PRECISIONS, Case
from bench.records.suite import CaseFilter
from bench.suites.expand import expand_suite
from bench.suites.load import find_suite, load_suite, load_suites
from bench.workloads.registry import WORKLOADS
from bench.workloads.validity import why_not

GOOD = """
name = "mine"
summary = "one case"
layouts = ["latency"]
[policy]
repetitions_min = 1
repetitions_max = 2
warmup_max_s = 1
measure_s = 1
samples_min = 5
sample_s = 0.01
target_ci_ratio = 0.1
timeout_s = 60
[[cases]]
workload = ["resnet50"]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_shipped_suite_loads_under_its_name() -> None:
    assert set(load_suites()) == {"smoke", "quick", "standard", "full"}


def test_a_users_file_is_a_suite(tmp_path: Path) -> None:
    assert find_suite(str(write(tmp_path, GOOD))).cases[0].workload == ("resnet50",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "mine"', 'name = "other"', "name is 'other'; rename"),
        ("[policy]", "colour = 1\n[policy]", "unknown field `colour`"),
        ("measure_s = 1", "measure_s = -1", "measure_s"),
        ("samples_min = 5", 'samples_min = "5"', "samples_min"),
        ("repetitions_min = 1", "repetitions_min = 3", "repetitions_min 3 is more than repetitions_max 2"),
        ('workload = ["resnet50"]', "workload = []", "workload"),
        ('"latency"', '"sideways"', "sideways"),
        ("[[cases]]", "[[cases", "not a suite"),
        ("samples_min = 5", f"samples_min = {'9' * 5000}", "not a suite: Exceeds the limit"),
        ("samples_min = 5", f"samples_min = {'[' * 5000}{']' * 5000}", "not a suite"),
    ],
    ids=[
        "other name",
        "unknown key",
        "negative",
        "wrong type",
        "most below least",
        "empty",
        "unknown layout",
        "no TOML",
        "thousands of digits",
        "deep nesting",
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(UsageError, match=message) as caught:
        load_suite(path)
    assert str(path) in str(caught.value)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no suite 'quik'; there are full, quick, smoke, standard"):
        find_suite("quik")


def test_a_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        find_suite(str(tmp_path / "mine.toml"))


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too large"):
        load_suite(write(tmp_path, "#" * (1 << 20) + GOOD))


def cases_of(suite: str) -> tuple[Case, ...]:
    cases, refused = expand_suite(
        find_suite(suite), CaseFilter(), workloads=WORKLOADS, architecture="x86_64", why_not=why_not
    )
    assert refused == ()
    return cases


@pytest.mark.parametrize("suite", ["quick", "standard", "full"])
def test_a_suite_touches_every_family(suite: str) -> None:
    assert {WORKLOADS[case.workload].family for case in cases_of(suite)} == set(FAMILIES)


@pytest.mark.parametrize(("suite", "missing"), [("quick", set()), ("standard", {"fp16", "amp_fp16"}), ("full", set())])
def test_a_suite_touches_every_precision(suite: str, missing: set[str]) -> None:
    """Standard leaves fp16 out: most CPUs have no units for it, and at its shapes a cell would take an hour."""
    assert {case.precision for case in cases_of(suite)} == set(PRECISIONS) - missing


def test_full_has_every_workload_mode_format_and_backend() -> None:
    cases = cases_of("full")
    assert {case.workload for case in cases} == set(WORKLOADS)
    assert {case.backend for case in cases} == set(BACKENDS)
    assert {case.memory_format for case in cases} == set(MEMORY_FORMATS)
    modes = {(case.workload, case.mode) for case in cases}
    assert modes == {(name, mode) for name, facts in WORKLOADS.items() for mode in facts.modes}
