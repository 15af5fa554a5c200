"""Load policies from TOML, strictly: shipped ones, or a user's file."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bench.compare.qualification.check import COMPARATORS, Check
from bench.compare.qualification.checks import BUILT_IN, CHECKS
from bench.errors import UsageError
from bench.records.digest import Digest
from bench.records.lookup import list_known, suggest
from bench.records.qualification import QualificationPolicy, Rule
from bench.records.toml_file import TomlFile, read_toml

POLICIES_DIR = Path(__file__).parent

WAIVED_MOST = timedelta(days=366)
"""For how long a failure may be waived before somebody looks at it again."""

_OF_REFERENCES = ("ratio_at_least", "ratio_at_most", "tolerance")
_LIMITS = ("equals", "one_of", "contains", "at_least", "at_most", *_OF_REFERENCES)
_TYPES: dict[str, tuple[type, ...]] = {"word": (str,), "truth": (bool,), "number": (int, float)}


@dataclass(frozen=True, kw_only=True)
class LoadedPolicy:
    """A policy, and the digest of its file."""

    policy: QualificationPolicy
    digest: Digest


def find_policy(name_or_path: str, *, today: date | None = None) -> LoadedPolicy:
    """Return a shipped policy by name, or a user's file (anything with a slash or ending in `.toml`).

    Args:
        name_or_path: Of the policy.
        today: In UTC: from it on, waivers may count for a year. By default the clock's.

    Raises:
        UsageError: there is none of that name (lists the known ones), or the file is wrong.
    """
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        return load_policy(Path(name_or_path), today=today)
    known = sorted(path.stem for path in POLICIES_DIR.glob("*.toml"))
    if name_or_path not in known:
        raise UsageError(
            f"no policy {name_or_path!r}; {suggest(name_or_path, known)}there are {', '.join(known)}, or give a .toml file"
        )
    return load_policy(POLICIES_DIR / f"{name_or_path}.toml", today=today)


def find_shipped_digest(name: str) -> Digest | None:
    """Return the digest of the shipped policy of a name; None if there is none. A file may bear its name only."""
    path = POLICIES_DIR / f"{name}.toml"
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" if path.is_file() else None


def load_policy(path: Path, *, today: date | None = None) -> LoadedPolicy:
    """Return the policy in a file.

    Args:
        path: Of the file.
        today: As in `find_policy`.

    Raises:
        UsageError: the file is missing, too large, or not a policy in TOML; names the rule and its problem.
    """
    file = read_toml(path, QualificationPolicy, noun="policy")
    policy = file.record
    if policy.name != path.stem:
        raise file.error(
            f"the policy's name is {policy.name!r}, the file's is {path.stem!r}; rename one of them", "name"
        )
    _check_rules(file)
    _check_waivers(file, today or datetime.now(UTC).date())
    return LoadedPolicy(policy=policy, digest=f"sha256:{hashlib.sha256(file.data).hexdigest()}")


def _check_rules(file: TomlFile[QualificationPolicy]) -> None:
    for name, rule in file.record.rules.items():
        reason = (
            f"{name!r} is the name of a rule that every policy has" if name in BUILT_IN else find_rule_problem(rule)
        )
        if reason is not None:
            raise file.error(f"rule {name!r}: {reason}", "rules", name)


def _check_waivers(file: TomlFile[QualificationPolicy], today: date) -> None:
    rules, last = file.record.rules, today + WAIVED_MOST
    for index, waiver in enumerate(file.record.waivers):
        if waiver.rule in BUILT_IN:
            raise file.error(f"rule {waiver.rule!r} cannot be waived", "waivers", index, "rule")
        if waiver.rule not in rules:
            listed = f"{suggest(waiver.rule, rules)}there are {', '.join(rules)}"
            problem = f"a waiver is for the rule {waiver.rule!r}; {listed}"
            raise file.error(problem, "waivers", index, "rule")
        if waiver.until > last:
            problem = f"the waiver of {waiver.rule!r} counts until {waiver.until}; it may until {last}, a year from now"
            raise file.error(problem, "waivers", index, "until")
        if waiver.cells is not None and not CHECKS[rules[waiver.rule].check].of_cells:
            problem = f"the waiver of {waiver.rule!r} names cells, but the rule is of the whole bundle"
            raise file.error(problem, "waivers", index, "cells")


def find_rule_problem(rule: Rule) -> str | None:
    """Return why a rule cannot be judged; None if it can."""
    check = CHECKS.get(rule.check)
    if check is None:
        return f"no check {rule.check!r}; {list_known(rule.check, CHECKS)}"
    given = [name for name in _LIMITS if getattr(rule, name) is not None]
    if len(given) != 1:
        return (
            f"a rule has one limit ({', '.join(_LIMITS)}), this has {', '.join(given) or 'none'}; make a rule for each"
        )
    if rule.cells is not None and not check.of_cells:
        return f"{check.name} is of the whole bundle; it takes no cells"
    if rule.unavailable == "pass" and rule.reason is None:
        return "unavailable = 'pass' needs a reason"
    return _find_limit_problem(check, given[0], getattr(rule, given[0]))


def _find_limit_problem(check: Check, name: str, wanted: object) -> str | None:
    if name in _OF_REFERENCES:
        return None if check.better else f"references give no limit to {check.name}"
    if name not in COMPARATORS[check.kind]:
        return f"{check.name} is compared with {' or '.join(COMPARATORS[check.kind])}, not {name}"
    if name == "equals" and type(wanted) not in _TYPES[check.kind]:
        return f"equals is {wanted!r}, which {check.name} never is"
    return None
