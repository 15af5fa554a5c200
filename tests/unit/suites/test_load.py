import hashlib
from pathlib import Path

import pytest

from bench.backends.registry import BACKENDS
from bench.errors import UsageError
from bench.records.case import FAMILIES, MEMORY_FORMATS, PRECISIONS, Case
from bench.records.suite import CaseFilter
from bench.suites.expand import expand_suite
from bench.suites.load import find_suite, identify_suite, load_suite, load_suites
from bench.workloads.catalogue.offers import LINEAR_ONLY
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
confidence = 0.95
timeout_s = 60
[[cases]]
workload = ["resnet50"]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_shipped_suite_loads_under_its_name() -> None:
    assert set(load_suites(WORKLOADS)) == {"smoke", "quick", "nightly", "standard", "full"}


def test_a_plan_names_a_users_file_without_its_folders_and_by_its_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    name, digest = identify_suite(str(path))
    assert name == path.name == "mine.toml"
    assert digest == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    assert identify_suite("quick") == ("quick", None)


def test_a_users_file_is_a_suite(tmp_path: Path) -> None:
    assert find_suite(str(write(tmp_path, GOOD)), WORKLOADS).cases[0].workload == ("resnet50",)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        pytest.param('name = "mine"', 'name = "other"', 2, "name is 'other', the file's is 'mine'; rename", id="name"),
        pytest.param("[policy]", "colour = 1\n[policy]", 5, "unknown field `colour`", id="unknown key"),
        pytest.param("timeout_s", "time_out_s", 14, "unknown field `time_out_s`", id="unknown key of the policy"),
        pytest.param("workload =", "workloads =", 16, "unknown field `workloads`", id="unknown key of a table"),
        pytest.param("measure_s = 1", "measure_s = -1", 9, "measure_s", id="negative"),
        pytest.param("samples_min = 5", 'samples_min = "5"', 10, "samples_min", id="wrong type"),
        pytest.param(
            "s_min = 1", "s_min = 3", 6, "repetitions_min 3 is more than repetitions_max 2", id="most below least"
        ),
        pytest.param('workload = ["resnet50"]', "workload = []", 16, "workload", id="no workload"),
        pytest.param(
            '"resnet50"',
            '"resnet51"',
            16,
            "no workload matches 'resnet51'; did you mean resnet50? there are",
            id="unknown workload",
        ),
        pytest.param('"latency"', '"sideways"', 4, "sideways", id="unknown layout"),
        pytest.param("[[cases]]", "[[cases", 15, "not TOML", id="no TOML"),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(UsageError) as caught:
        load_suite(path, WORKLOADS)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert message in str(caught.value)


def test_a_dimension_that_no_workload_of_the_table_has_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + "shape = { imagesize = 64 }\n")
    with pytest.raises(UsageError) as caught:
        load_suite(path, WORKLOADS)
    assert str(caught.value) == (
        f"{path}:17: no workload of this table has the dimension 'imagesize'; did you mean image_size? known are image_size"
    )


def test_a_dimension_that_some_workloads_of_the_table_have_is_right(tmp_path: Path) -> None:
    text = GOOD.replace('"resnet50"', '"resnet50", "bert_base"') + "shape = { tokens = 64 }\n"
    assert load_suite(write(tmp_path, text), WORKLOADS).cases[0].shape == {"tokens": 64}


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        UsageError, match=r"no suite 'quik'; did you mean quick\? there are full, nightly, quick, smoke, standard"
    ):
        find_suite("quik", WORKLOADS)


def test_a_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        find_suite(str(tmp_path / "mine.toml"), WORKLOADS)


def cases_of(suite: str) -> tuple[Case, ...]:
    cases, refused = expand_suite(
        find_suite(suite, WORKLOADS), CaseFilter(), workloads=WORKLOADS, architecture="x86_64", why_not=why_not
    )
    assert refused == ()
    return cases


@pytest.mark.parametrize("suite", ["quick", "nightly", "standard", "full"])
def test_a_suite_touches_every_family(suite: str) -> None:
    assert {WORKLOADS[case.workload].family for case in cases_of(suite)} == set(FAMILIES) - {"custom"}


@pytest.mark.parametrize(
    ("suite", "missing"), [("quick", set(LINEAR_ONLY)), ("standard", {"fp16", "amp_fp16"}), ("full", set())]
)
def test_a_suite_touches_every_precision(suite: str, missing: set[str]) -> None:
    """Quick leaves out those for language models alone, to stay within minutes.

    Standard leaves fp16 out: most CPUs have no units for it, and at its shapes a cell would take an hour.
    """
    assert {case.precision for case in cases_of(suite)} == set(PRECISIONS) - missing


def test_nightly_has_48_cases_and_ends_within_the_hour() -> None:
    assert len(cases_of("nightly")) == 48
    aim_s = find_suite("nightly", WORKLOADS).policy.aim_s
    assert aim_s is not None
    assert aim_s <= 3600


def test_full_has_every_workload_mode_format_and_backend() -> None:
    cases = cases_of("full")
    assert {case.workload for case in cases} == set(WORKLOADS)
    assert {case.backend for case in cases} == set(BACKENDS)
    assert {case.memory_format for case in cases} == set(MEMORY_FORMATS)
    modes = {(case.workload, case.mode) for case in cases}
    assert modes == {(name, mode) for name, facts in WORKLOADS.items() for mode in facts.modes}
