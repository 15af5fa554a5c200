from datetime import date
from pathlib import Path

import pytest

from bench.compare.qualification.load import POLICIES_DIR, find_policy, find_shipped_digest, load_policy
from bench.errors import UsageError

GOOD = """
name = "mine"
summary = "two rules"
[rules.cores]
check = "hardware.core_count"
at_least = 8
[rules.latency]
check = "performance.latency_s"
cells = ["resnet50/*"]
at_most = 0.01
[[waivers]]
rule = "latency"
owner = "ada@example.org"
reason = "known"
until = 2026-12-31
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["server-acceptance", "regression-gate"])
def test_every_shipped_policy_loads_under_its_name(name: str) -> None:
    assert find_policy(name).policy.name == name
    assert sorted(path.stem for path in POLICIES_DIR.glob("*.toml")) == ["regression-gate", "server-acceptance"]


@pytest.mark.parametrize("name", ["server-acceptance", "regression-gate"])
def test_what_a_shipped_policy_offers_in_comments_is_a_policy_too(name: str, tmp_path: Path) -> None:
    text = (POLICIES_DIR / f"{name}.toml").read_text(encoding="utf-8")
    lines = [line.removeprefix("# ") if " = " in line or line.startswith("# [") else line for line in text.splitlines()]
    path = tmp_path / f"{name}.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    shipped, full = find_policy(name).policy, load_policy(path, today=date(2026, 6, 1)).policy
    assert len(full.rules) + len(full.waivers) > len(shipped.rules) + len(shipped.waivers)


def test_a_users_file_is_a_policy_named_by_its_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    loaded = find_policy(str(path), today=date(2026, 6, 1))
    assert list(loaded.policy.rules) == ["cores", "latency"]
    assert loaded.digest != load_policy(write(tmp_path, GOOD + "\n"), today=date(2026, 6, 1)).digest


HOSTILE = [
    (
        "another name than the file's",
        'name = "mine"',
        'name = "other"',
        "name is 'other', the file's is 'mine'; rename",
    ),
    ("an unknown key of a rule", "at_least = 8", "at_least = 8\ncolour = 1", "unknown field `colour`"),
    ("an unknown key at the top", "[rules.cores]", "colour = 1\n[rules.cores]", "unknown field `colour`"),
    (
        "an unknown check",
        "hardware.core_count",
        "hardware.colour",
        "no check 'hardware.colour'; did you mean hardware.",
    ),
    ("code for a check", "hardware.core_count", "__import__('os')", "check"),
    ("no limit", "at_least = 8", "", "a rule has one limit"),
    ("two limits", "at_least = 8", "at_least = 8\nat_most = 9", "this has at_least, at_most; make a rule for each"),
    ("a limit that does not fit", "at_least = 8", 'contains = ["8"]', "equals or at_least or at_most, not contains"),
    ("a word for a number", "at_least = 8", 'at_least = "8"', "at_least"),
    ("a truth for a number", "at_least = 8", "equals = true", "equals is True, which hardware.core_count never is"),
    ("no number", "at_least = 8", "at_least = nan", "at_least"),
    ("no end", "at_least = 8", "at_least = -inf", "at_least"),
    ("a huge number", "at_least = 8", "at_least = 1e300", "at_least"),
    ("a huge whole number", "at_least = 8", f"at_least = {'9' * 40}", "at_least"),
    ("a number of 5000 digits", "at_least = 8", f"at_least = {'9' * 5000}", "not TOML"),
    ("deep nesting", "at_least = 8", f"at_least = {'[' * 5000}{']' * 5000}", "not TOML"),
    ("a coverage of all", "at_most = 0.01", "tolerance = { coverage = 1.0, confidence = 0.9 }", "coverage"),
    (
        "two references",
        "at_most = 0.01",
        "tolerance = { coverage = 0.9, confidence = 0.9, references_min = 2 }",
        "references_min",
    ),
    ("references for a core count", "at_least = 8", "ratio_at_least = 1.0", "references give no limit"),
    ("cells of a machine", "at_least = 8", 'at_least = 8\ncells = ["*"]', "is of the whole bundle; it takes no cells"),
    ("no cells", '["resnet50/*"]', "[]", "cells"),
    ("a pass without a reason", "at_least = 8", 'at_least = 8\nunavailable = "pass"', "needs a reason"),
    ("another word than pass", "at_least = 8", 'at_least = 8\nunavailable = "ignore"', "unavailable"),
    ("a name that is taken", "[rules.cores]", "[rules.never-emulated]", "is the name of a rule that every policy has"),
    ("a rule twice", "[rules.latency]", "[rules.cores]", "not TOML"),
    ("no rules", "[rules.cores]", "[waiver.cores]", "waiver"),
    (
        "a waiver of no rule",
        'rule = "latency"',
        'rule = "latencies"',
        "'latencies'; did you mean latency? there are cores, latency",
    ),
    ("a waiver of emulation", 'rule = "latency"', 'rule = "never-emulated"', "cannot be waived"),
    ("a waiver of cells of a machine", 'rule = "latency"', 'rule = "cores"\ncells = ["*"]', "of the whole bundle"),
    ("a waiver of nobody's", 'owner = "ada@example.org"', "", "owner"),
    ("a waiver without a reason", 'reason = "known"', "", "reason"),
    ("a waiver for more than a year", "2026-12-31", "2028-12-31", "may until "),
    ("a waiver without an end", "until = 2026-12-31", "", "until"),
    ("a waiver that ends on no day", "until = 2026-12-31", 'until = "some day"', "until"),
    ("no TOML", "[rules.cores]", "[rules.cores", "not TOML"),
]


@pytest.mark.parametrize(("old", "new", "words"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_a_wrong_policy_is_one_clear_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(UsageError) as caught:
        load_policy(path, today=date(2026, 6, 1))
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param('name = "mine"', 'name = "other"', 2, id="the name"),
        pytest.param("at_least = 8", "at_lest = 8", 6, id="an unknown key of a rule"),
        pytest.param("at_most = 0.01", "tolerance = { covers = 1 }", 10, id="an unknown key inside a rule"),
        pytest.param("at_most = 0.01", "at_most = 0.01\nat_least = 0.001", 7, id="two limits: the rule"),
        pytest.param('rule = "latency"', 'rule = "latencies"', 12, id="a waiver of no rule"),
    ],
)
def test_an_error_names_the_line(tmp_path: Path, old: str, new: str, line: int) -> None:
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(UsageError) as caught:
        load_policy(path, today=date(2026, 6, 1))
    assert str(caught.value).startswith(f"{path}:{line}: ")


def test_a_waiver_may_count_for_a_year(tmp_path: Path) -> None:
    assert load_policy(write(tmp_path, GOOD), today=date(2025, 12, 30)).policy.waivers
    with pytest.raises(UsageError, match="counts until 2026-12-31; it may until 2026-12-30, a year from now"):
        load_policy(write(tmp_path, GOOD), today=date(2025, 12, 29))


def test_the_shipped_server_policy_asks_who_signed() -> None:
    rule = find_policy("server-acceptance").policy.rules["signed"]
    assert (rule.check, rule.contains) == ("environment.signed_by", ("operator",))


def test_a_file_that_only_bears_a_shipped_name_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "server-acceptance.toml"
    path.write_text(GOOD.replace('"mine"', '"server-acceptance"'), encoding="utf-8")
    digest = find_shipped_digest("server-acceptance")
    assert digest == find_policy("server-acceptance").digest
    assert digest != load_policy(path, today=date(2026, 6, 1)).digest
    assert find_shipped_digest("mine") is None


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no policy 'gate'; there are regression-gate, server-acceptance"):
        find_policy("gate")
