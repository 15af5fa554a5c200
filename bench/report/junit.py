"""A qualification as JUnit XML: a test suite for each bundle, a test case for each rule and cell."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from bench.records.qualification import Qualification, RuleOutcome, RuleVerdict
from bench.report.junit_xml import JunitCase, JunitSuite, render_suites
from bench.report.printable import join_lines
from bench.report.qualification import describe_limit, describe_reasons, describe_value
from bench.report.reasons import describe_reason

_OUTCOMES: Mapping[RuleOutcome, Literal["passed", "failure", "error", "skipped"]] = MappingProxyType(
    {"passed": "passed", "failed": "failure", "undecided": "error", "waived": "skipped"}
)
"""An undecided rule is an error, never a pass."""


def render_junit(qualification: Qualification) -> bytes:
    """Return the whole file, in UTF-8."""
    suites = [
        JunitSuite(
            name=bundle.run_id,
            package=qualification.policy.name,
            timestamp=qualification.judged_at,
            properties={
                "outcome": qualification.outcome,
                "policy": qualification.policy.digest,
                "bundle": bundle.digest,
            },
            cases=tuple(
                _make_case(qualification.policy.name, verdict)
                for verdict in qualification.verdicts
                if verdict.run_id == bundle.run_id
            ),
            output=join_lines(map(describe_reason, qualification.notes)),
        )
        for bundle in qualification.bundles
    ]
    return render_suites(suites).encode()


def _make_case(policy: str, verdict: RuleVerdict) -> JunitCase:
    name = verdict.rule if verdict.cell is None else f"{verdict.rule} {verdict.cell}"
    outcome = _OUTCOMES[verdict.outcome]
    if outcome == "passed":
        return JunitCase(name=name, classname=policy, outcome=outcome)
    return JunitCase(
        name=name,
        classname=policy,
        outcome=outcome,
        type=verdict.outcome,
        message=f"{verdict.check} is {describe_value(verdict)}, wanted {describe_limit(verdict)}",
        text=describe_reasons(verdict),
    )
