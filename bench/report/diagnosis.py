"""A diagnosis as text: a table of what was found, and then what is not shown and what is fine."""

from collections.abc import Mapping
from types import MappingProxyType

from bench.records.diagnosis import Cost, Diagnosis, Finding, Severity, Subject
from bench.records.reason import Reason
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.report.reasons_doctor import REMEDIES
from bench.report.table import Column, render_table
from bench.report.units import format_bytes

_SHOWN: tuple[Severity, ...] = ("scatter", "slow", "missing")
"""In this order: what makes a number doubtful, what makes it low, what stops a part of a run."""

_NOT_SHOWN: tuple[Severity, ...] = ("unknown", "fine")
"""Not in the table: there is nothing to change."""

_NAMES: Mapping[Subject, str] = MappingProxyType(
    {
        "smt": "SMT",
        "numa_balancing": "NUMA balancing",
        "aslr": "ASLR",
        "cpu_quota": "CPU quota",
        "openmp": "OpenMP",
        "docker": "Docker",
    }
)
"""Subjects that are not written as their code with spaces."""

_EFFECTS = {
    "time": "more time",
    "variance": "more variance between repetitions",
    "run_scatter": "of standard deviation between runs",
}

_COLUMNS = (
    Column("severity"),
    Column("what"),
    Column("found", fold=2),
    Column("", fold=1),
    Column("", fold=1),
)


def render_diagnosis(diagnosis: Diagnosis, width: int | None) -> PrintableText:
    """Return a diagnosis.

    Args:
        diagnosis: To show.
        width: That the table must fit into, in characters; None for the whole table.
    """
    shown = [finding for severity in _SHOWN for finding in diagnosis.findings if finding.severity == severity]
    table = render_table(_COLUMNS, [_row(finding) for finding in shown], width) if shown else "nothing found"
    others = [
        _describe_briefly(finding)
        for severity in _NOT_SHOWN
        for finding in diagnosis.findings
        if finding.severity == severity
    ]
    return join_lines([table, "", *others, "", "Nothing was changed."])


def _row(finding: Finding) -> tuple[str, ...]:
    remedy = REMEDIES.get(finding.reason.code, "")
    values = finding.reason.values
    return (
        finding.severity,
        _name(finding.subject),
        describe_finding(finding),
        f"costs {describe_cost(finding.cost)}",
        f"to change it: {remedy.format_map(values)}" if remedy else "",
    )


def _describe_briefly(finding: Finding) -> str:
    """Return a finding that needs no action in one line."""
    cost = "" if finding.cost is None else f"; costs {describe_cost(finding.cost)}"
    return f"{finding.severity:<9}{_name(finding.subject)}: {describe_finding(finding)}{cost}"


def _name(subject: Subject) -> str:
    return _NAMES.get(subject, subject.replace("_", " "))


def describe_finding(finding: Finding) -> str:
    """Return what was found as a sentence, with units."""
    values = {name: _format(name, value) for name, value in finding.reason.values.items()}
    return describe_reason(Reason(code=finding.reason.code, values=values))


def describe_cost(cost: Cost | None) -> str:
    """Return what a finding costs, with the source of the figure."""
    if cost is None:
        return "unknown"
    if cost.high_ratio == 0:
        return f"nothing ({cost.source})"
    amount = _percent(cost.high_ratio)
    if cost.low_ratio != cost.high_ratio:
        amount = f"{_percent(cost.low_ratio)} to {amount}"
    return f"{amount} {_EFFECTS[cost.effect]} ({cost.source})"


def _percent(ratio: float) -> str:
    """Return a share of at least a tenth in whole percent, a smaller one with two decimals."""
    return f"{ratio:.0%}" if ratio == 0 or ratio >= 0.1 else f"{ratio:.2%}"


def _format(name: str, value: str) -> str:
    try:
        if name.endswith("_bytes"):
            return format_bytes(int(value))
        if name.endswith("_ratio"):
            return f"{float(value):.0%}"
    except ValueError:
        pass
    return value
