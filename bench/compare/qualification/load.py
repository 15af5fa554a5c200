"""Load policies from TOML, strictly: shipped ones, or a user's file."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.bundle.files import read_file
from bench.compare.qualification.check import COMPARATORS, Check
from bench.compare.qualification.checks import BUILT_IN, CHECKS
from bench.errors import BundleError, UsageError
from bench.records.digest import Digest
from bench.records.qualification import QualificationPolicy, Rule

POLICIES_DIR = Path(__file__).parent

_MAX_BYTES = 1 << 18
_OF_REFERENCES = ("ratio_at_least", "ratio_at_most", "tolerance")
_LIMITS = ("equals", "one_of", "contains", "at_least", "at_most", *_OF_REFERENCES)
_TYPES: dict[str, tuple[type, ...]] = {"word": (str,), "truth": (bool,), "number": (int, float)}


@dataclass(frozen=True, kw_only=True)
class LoadedPolicy:
    """A policy, and the digest of its file."""

    policy: QualificationPolicy
    digest: Digest


def find_policy(name_or_path: str) -> LoadedPolicy:
    """Return a shipped policy by name, or a user's file (anything with a slash or ending in `.toml`).

    Raises:
        UsageError: there is none of that name (lists the known ones), or the file is wrong.
    """
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        return load_policy(Path(name_or_path))
    known = sorted(path.stem for path in POLICIES_DIR.glob("*.toml"))
    if name_or_path not in known:
        raise UsageError(f"no policy {name_or_path!r}; there are {', '.join(known)}, or give a .toml file")
    return load_policy(POLICIES_DIR / f"{name_or_path}.toml")


def load_policy(path: Path) -> LoadedPolicy:
    """Return the policy in a file.

    Raises:
        UsageError: the file is missing, too large, or not a policy in TOML; names the rule and its problem.
    """
    try:
        data = read_file(path, limit=_MAX_BYTES)
        policy = msgspec.convert(tomllib.loads(data.decode()), QualificationPolicy, strict=True)
    except BundleError as error:
        raise UsageError(f"{error}; is this a policy?") from error
    except (
        ValueError,
        RecursionError,
        msgspec.ValidationError,
    ) as error:  # ValueError: not UTF-8, not TOML, huge numbers
        raise UsageError(f"{path}: not a policy: {error}") from error
    if policy.name != path.stem:
        raise UsageError(f"{path}: the policy's name is {policy.name!r}; rename one of them")
    reason = _find_policy_problem(policy)
    if reason is not None:
        raise UsageError(f"{path}: {reason}")
    return LoadedPolicy(policy=policy, digest=f"sha256:{hashlib.sha256(data).hexdigest()}")


def _find_policy_problem(policy: QualificationPolicy) -> str | None:
    """Return the first problem of a policy that its types do not refuse; None if there is none."""
    for name, rule in policy.rules.items():
        reason = (
            f"{name!r} is the name of a rule that every policy has" if name in BUILT_IN else find_rule_problem(rule)
        )
        if reason is not None:
            return f"rule {name!r}: {reason}"
    for waiver in policy.waivers:
        if waiver.rule in BUILT_IN:
            return f"rule {waiver.rule!r} cannot be waived"
        if waiver.rule not in policy.rules:
            return f"a waiver is for the rule {waiver.rule!r}; there are {', '.join(policy.rules)}"
        if waiver.cells is not None and not CHECKS[policy.rules[waiver.rule].check].of_cells:
            return f"the waiver of {waiver.rule!r} names cells, but the rule is of the whole bundle"
    return None


def find_rule_problem(rule: Rule) -> str | None:
    """Return why a rule cannot be judged; None if it can."""
    check = CHECKS.get(rule.check)
    if check is None:
        return f"no check {rule.check!r}; known are {', '.join(CHECKS)}"
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
        return f"{check.name} is held to {' or '.join(COMPARATORS[check.kind])}, not {name}"
    if name == "equals" and type(wanted) not in _TYPES[check.kind]:
        return f"equals is {wanted!r}, which {check.name} never is"
    return None
