"""A triage as JUnit XML: a test suite for each class, a test case for each machine."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from bench.records.triage import MachineOutcome, MachineVerdict, Triage
from bench.report.junit_xml import JunitCase, JunitSuite, render_suites
from bench.report.printable import join_lines
from bench.report.reasons import describe_reason

_OUTCOMES: Mapping[MachineOutcome, Literal["passed", "failure", "error", "skipped"]] = MappingProxyType(
    {
        "slow": "failure",
        "suspect": "error",
        "wrong_outputs": "failure",
        "fine": "passed",
        "too_noisy": "error",
        "not_comparable": "error",
    }
)
"""What is undecided is an error, never a pass."""


def render_junit_triage(triage: Triage) -> bytes:
    """Return the whole file, in UTF-8."""
    suites = [
        JunitSuite(
            name=f"class {index}",
            package="triage",
            timestamp=triage.judged_at,
            properties={"metric": triage.metric, "level": f"{triage.level:g}", **described.facts},
            cases=tuple(_make_case(machine) for machine in triage.machines if machine.machine_class == index),
            output=join_lines(map(describe_reason, triage.notes)),
        )
        for index, described in enumerate(triage.classes)
    ]
    if triage.unread:
        cases = tuple(
            JunitCase(
                name=bundle.path,
                classname="bundle",
                outcome="error",
                type="not_verified",
                message=bundle.error,
                text=bundle.error,
            )
            for bundle in triage.unread
        )
        suites.append(
            JunitSuite(name="bundles", package="triage", timestamp=triage.judged_at, properties={}, cases=cases)
        )
    return render_suites(suites).encode()


def _make_case(machine: MachineVerdict) -> JunitCase:
    outcome = _OUTCOMES[machine.outcome]
    classname = f"class {machine.machine_class}"
    if outcome == "passed":
        return JunitCase(name=machine.name, classname=classname, outcome=outcome)
    worse = [f"{cell.cell} is {(cell.worse_ratio - 1) * 100:+.1f}% worse" for cell in machine.cells if cell.odd]
    outputs = [f"{odd.cell} has other outputs than {odd.agreeing} machines" for odd in machine.outputs]
    reasons = list(map(describe_reason, machine.reasons))
    details = [*outputs, *worse, *reasons]
    return JunitCase(
        name=machine.name,
        classname=classname,
        outcome=outcome,
        type=machine.outcome,
        message="; ".join(details) or machine.outcome,
        text=join_lines(details),
    )
