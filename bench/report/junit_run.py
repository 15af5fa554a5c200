"""A run's report as JUnit XML: a test case for each cell, for each refused case, and for each verdict of `ab`."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from bench.records.case import case_name
from bench.records.digest import Digest
from bench.records.verdict import CellVerdict
from bench.report.comparison import OUTCOMES
from bench.report.junit_xml import JunitCase, JunitSuite, render_suites
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.report.rows.cells import FailedRow
from bench.report.run_report import RunReport

_NO_RESULT: Mapping[str, Literal["error", "skipped"]] = MappingProxyType(
    {"too_noisy": "error", "not_measured": "skipped"}
)
"""Reasons of cells without numbers that say nothing against the cell."""


def render_junit_run(report: RunReport) -> PrintableText:
    """Return the whole file."""
    return render_suites((make_junit_suite(report),))


def make_junit_suite(report: RunReport, content_digest: Digest | None = None) -> JunitSuite:
    """Return the suite of a run.

    A cell with numbers passes. A failed cell is a failure; without valid repetitions it is an error, never a pass.
    In an `ab` run, a slower cell is a failure, and a cell without a verdict is an error.
    """
    output = [] if report.comparison is None else [OUTCOMES[report.comparison.outcome]]
    digest = {} if content_digest is None else {"bundle": content_digest}
    return JunitSuite(
        name=report.info.run_id,
        package=report.plan.suite,
        timestamp=report.info.started_at,
        properties={"profile": report.plan.profile.name, "bench": report.info.bench_version} | digest,
        cases=tuple(_make_cases(report)),
        output=join_lines(output),
    )


def _make_cases(report: RunReport) -> Iterator[JunitCase]:
    # Names come from the case, not from the cell's id: ids number the cells of one plan, and CI systems follow names.
    for row in report.rows.cells:
        side = "" if row.side is None else f"/{row.side}"
        yield JunitCase(name=f"{case_name(row.case)}/{row.layout}{side}", classname="cells", outcome="passed")
    yield from map(_make_failed_case, report.rows.failed)
    for refusal in report.plan.refused:
        yield JunitCase(
            name=case_name(refusal.case),
            classname="refused",
            outcome="skipped",
            type="refused",
            message=describe_reason(refusal.reason),
        )
    if report.comparison is not None:
        yield from map(_make_verdict_case, report.comparison.cells)


def _make_failed_case(row: FailedRow) -> JunitCase:
    side = "" if row.side is None else f"/{row.side}"
    code = row.reason.code
    return JunitCase(
        name=f"{case_name(row.case)}/{row.layout}{side}",
        classname="cells",
        outcome=_NO_RESULT.get(code, "failure"),
        type=code,
        message=describe_reason(row.reason),
    )


def _make_verdict_case(verdict: CellVerdict) -> JunitCase:
    name = f"{case_name(verdict.case)}/{verdict.layout}"
    if verdict.outcome in {"faster", "equivalent"}:
        return JunitCase(name=name, classname="verdicts", outcome="passed")
    return JunitCase(
        name=name,
        classname="verdicts",
        outcome="failure" if verdict.outcome == "slower" else "error",
        type=verdict.outcome,
        message=verdict.outcome.replace("_", " "),
        text=join_lines(map(describe_reason, verdict.reasons)),
    )
