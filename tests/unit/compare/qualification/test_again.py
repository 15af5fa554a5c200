from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from bench.compare.qualification.again import judge_again
from bench.compare.qualification.load import LoadedPolicy
from bench.compare.qualification.qualify import qualify
from bench.errors import BundleError, UsageError
from bench.records.qualification import Qualification, RuleVerdict
from tests.builders import DIGEST
from tests.unit.compare.qualification.units import NOW, make_contents, make_policy, make_references, make_unit

POLICY = make_policy(
    latency={"check": "performance.latency_s", "tolerance": {"coverage": 0.99, "confidence": 0.95}},
    signed={"check": "environment.signed_by", "contains": ["operator"]},
)
UNITS = [make_unit(make_contents(run=run)) for run in (1, 2)]
REFERENCES = make_references((0.0100, 0.0101, 0.0099, 0.0102, 0.0098))
STATED = qualify(UNITS, REFERENCES, POLICY, now=NOW)
UNKNOWN = [make_unit(unit.contents, roles=None) for unit in UNITS]


def test_what_follows_from_bundles_and_policy_is_accepted_in_any_order() -> None:
    judge_again(STATED, [*reversed(REFERENCES), *UNKNOWN], POLICY)


def alter(place: Callable[[RuleVerdict], bool], **changes: Any) -> Qualification:
    verdicts = tuple(replace(v, **changes) if place(v) else v for v in STATED.verdicts)
    return replace(STATED, verdicts=verdicts)


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        (alter(lambda v: v.rule == "latency", value=0.001), "is passed with 0.001 for at_most"),
        (alter(lambda v: v.check == "environment.emulated", value=True), "rule never-emulated of run"),
        (replace(STATED, verdicts=STATED.verdicts[:-1]), "it lacks the verdict rule signed"),
        (alter(lambda v: v.rule == "signed", rule="signature"), "but its bundles give no such verdict"),
    ],
    ids=["a value", "an emulator", "a rule left out", "a rule renamed"],
)
def test_what_does_not_follow_is_refused(stated: Qualification, words: str) -> None:
    with pytest.raises(BundleError, match=words):
        judge_again(stated, [*UNITS, *REFERENCES], POLICY)


def test_all_bundles_are_wanted_and_no_others_and_the_very_policy() -> None:
    with pytest.raises(UsageError, match=r"00000002 .* was not given"):
        judge_again(STATED, [*UNITS[:1], *REFERENCES], POLICY)
    with pytest.raises(UsageError, match=r"00000009 .* is not in the statement"):
        judge_again(STATED, [*UNITS, *REFERENCES, make_unit(make_contents(run=9))], POLICY)
    other = LoadedPolicy(policy=POLICY.policy, digest=DIGEST.replace("0", "1"))
    with pytest.raises(UsageError, match="name its file with --policy"):
        judge_again(STATED, [*UNITS, *REFERENCES], other)
