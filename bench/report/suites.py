"""The suites as a table, with the time that each takes."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bench.launch.plan import PROBE_S, estimate_seconds
from bench.records.case import Case
from bench.records.suite import Suite
from bench.report.printable import PrintableText, join_lines
from bench.report.table import Column, render_table
from bench.report.units import format_duration

MEASURED_S: Mapping[str, float] = MappingProxyType({"quick": 288.0})
"""Suite → seconds on two cores: from start to end of the run in `results/reference`."""

_NOTE = (
    "time: for 2 and for 64 cores. estimated: from the number of cells and repetitions and their timed seconds, which do "
    "not depend on the number of cores. measured: on 2 cores; for 64 it is not known. aim: repetitions beyond the "
    "minimum are made until then."
)


def render_suites(suites: Sequence[Suite], cases: Mapping[str, Sequence[Case]], width: int | None) -> PrintableText:
    """Return a line for each suite: layouts, cases, cells, time and purpose.

    Args:
        suites: In the order of the lines.
        cases: Suite → its cases on this architecture.
        width: Characters that the table fits into; None for the whole table.
    """
    columns = (
        Column("suite"),
        Column("layouts", fold=1),
        Column("cases", align="right"),
        Column("cells", align="right"),
        Column("time"),
        Column("", fold=1),
    )
    rows = [
        (
            suite.name,
            ", ".join(suite.layouts),
            str(len(cases[suite.name])),
            str(count := len(cases[suite.name]) * len(suite.layouts)),
            _describe_time(suite, count),
            suite.summary,
        )
        for suite in suites
    ]
    return join_lines([render_table(columns, rows, width), "", _NOTE])


def _describe_time(suite: Suite, cells: int) -> str:
    """Return the time that was measured, or else the one aimed at, or else an estimate."""
    if suite.name in MEASURED_S:
        return f"{format_duration(MEASURED_S[suite.name])}, measured"
    estimate_s = estimate_seconds(cells, suite.policy, probe_s=PROBE_S)
    aim_s = suite.policy.aim_s
    if aim_s is not None and aim_s > estimate_s:
        return f"{format_duration(aim_s)}, aim"
    return f"{format_duration(estimate_s)}, estimated"
