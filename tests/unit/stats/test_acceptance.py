from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from bench.records.qualification import Limit, RuleVerdict
from bench.records.reason import Reason
from bench.records.summary import Interval
from bench.stats.acceptance import find_verdict_problem

VERDICT = RuleVerdict(
    rule="latency",
    check="performance.latency_s",
    run_id="20260102T030405Z-0123abcd",
    cell=None,
    value=1.0,
    interval=Interval(point=1.0, low=0.9, high=1.1),
    unit="s",
    limit=Limit(comparator="at_most", wanted=2.0),
    outcome="passed",
)
TODAY = date(2026, 6, 1)


def waive(**values: str) -> tuple[Reason, ...]:
    return (Reason(code="waived", values={"outcome": "failed", "until": "2026-06-01", **values}),)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, None),
        ({"outcome": "failed"}, "its value and its limit say passed"),
        ({"value": 3.0, "interval": None}, "its value and its limit say failed"),
        ({"interval": Interval(point=1.0, low=0.9, high=2.1)}, "its value and its limit say undecided"),
        ({"value": None}, "it has no value"),
        ({"value": None, "outcome": "failed"}, None),
        ({"value": None, "reasons": (Reason(code="unavailable_allowed"),)}, None),
        ({"limit": None}, "it has no limit"),
        ({"limit": None, "outcome": "undecided"}, None),
        ({"value": 3.0, "interval": None, "outcome": "waived", "reasons": waive()}, None),
        ({"outcome": "waived", "reasons": waive()}, "its value and its limit say passed"),
        ({"outcome": "waived"}, "no waiver says what was waived"),
        ({"outcome": "waived", "reasons": waive(outcome="passed")}, "no waiver says what was waived"),
        ({"outcome": "waived", "reasons": waive(until="2026-05-31")}, "its waiver ended on 2026-05-31"),
        ({"outcome": "waived", "reasons": waive(until="")}, "its waiver ended on no day"),
        (
            {
                "check": "correctness.measured_cells",
                "value": ("resnet50/x",),
                "limit": Limit(comparator="contains", wanted=("resnet50/*",)),
            },
            None,
        ),
        (
            {
                "check": "hardware.isa",
                "value": ("avx2",),
                "limit": Limit(comparator="contains", wanted=("avx*",)),
            },
            "its value and its limit say failed",
        ),
    ],
)
def test_a_verdict_follows_from_its_value_and_its_limit(changes: dict[str, Any], problem: str | None) -> None:
    assert find_verdict_problem(replace(VERDICT, **changes), TODAY) == problem
