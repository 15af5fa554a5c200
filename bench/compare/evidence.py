"""What a cell is judged by: the values of its valid repetitions on either side, and what forbids a verdict. Pure."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

import msgspec

from bench.compare.comparability import Purpose, explain_refusals, find_cell_differences
from bench.records.bundle import Contents
from bench.records.case import Case
from bench.records.measurement import Measurement, Proof
from bench.records.plan import Cell, CellId
from bench.records.profile import LayoutName
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.summary import MetricName
from bench.records.verdict import Finding, HostChange
from bench.stats.metrics import LATENCY, METRICS, repetition_values
from bench.stats.variance import Variance

Values = Mapping[int, float]
"""Index of each valid repetition → its value; of latency, seconds an iteration."""


class Evidence(Record, frozen=True, kw_only=True):
    """What there is to judge one cell by.

    Attributes:
        base, new: The cell's id on either side; None if the side has no such cell.
        base_values, new_values: Of each run of the side.
        run_scatter: Between the runs; None if repetitions were interleaved in one, so that those of equal index are
            pairs.
        metric_ratios: Means of the other metrics: new over base, by name.
        refusals: Why there can be no verdict; empty if there can.
        proofs: The evidence of the first run of base, and of new; None if a side has none.
    """

    case: Case
    layout: LayoutName
    base: CellId | None
    new: CellId | None
    base_values: tuple[Values, ...] = ({},)
    new_values: tuple[Values, ...] = ({},)
    run_scatter: Variance | None = None
    host_change: HostChange | None = None
    metric_ratios: dict[MetricName, float] = msgspec.field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    refusals: tuple[Reason, ...] = ()
    proofs: tuple[Proof | None, Proof | None] = (None, None)

    @property
    def pairs(self) -> list[tuple[float, float]]:
        """Values of repetitions of equal index, base and new, of sides that were interleaved in one run."""
        base, new = self.base_values[0], self.new_values[0]
        return [(base[index], new[index]) for index in sorted(base.keys() & new.keys())]

    @property
    def sides(self) -> tuple[list[list[float]], list[list[float]]]:
        """Values of each run, in the order in which they were measured: base and new."""
        base, new = ([list(values.values()) for values in runs] for runs in (self.base_values, self.new_values))
        return base, new


class CellRun(NamedTuple):
    """A cell in one run.

    Attributes:
        failure: Why it has no number; None if it was measured.
    """

    cell: Cell
    measurement: Measurement | None
    failure: Reason | None


def find_cell_run(contents: Contents, cell: Cell) -> CellRun:
    """Return what a run has of a cell of its plan."""
    measurement = next((entry for entry in contents.measurements if entry.cell == cell.id), None)
    failed = measurement is None or measurement.failure is not None
    return CellRun(cell, measurement, find_failure(contents, cell.id) if failed else None)


def find_failure(contents: Contents, cell: CellId) -> Reason:
    """Return why a run has no number of a cell."""
    return contents.summary.failed.get(cell) or Reason(code="not_measured")


def read_values(measurement: Measurement | None, cell: Cell, metric: str = LATENCY) -> dict[int, float]:
    """Return the value of each valid repetition, by its index; none of a cell that failed or was not measured.

    Args:
        measurement: Of the cell.
        cell: Of the plan.
        metric: A row of `bench.stats.metrics`.
    """
    if measurement is None or measurement.failure is not None:
        return {}
    return repetition_values(measurement, cell, metric)


def gather_evidence(
    cell: Cell, sides: Sequence[Sequence[CellRun | None]], refusals: tuple[Reason, ...], purpose: Purpose
) -> Evidence:
    """Gather what there is to judge one cell by.

    Args:
        cell: Of the first run of base.
        sides: Base and new: the cell in each run, or in each variant; None for a run that has no such cell.
        refusals: Why there can be no verdict on any cell.
        purpose: Decides how much differences matter.
    """
    base, new = ([run for run in side if run is not None] for side in sides)
    findings = _find_differences(base, new, purpose)
    shortage = _find_shortage("base", sides[0]) or _find_shortage("new", sides[1])
    return Evidence(
        case=cell.case,
        layout=cell.layout,
        base=cell.id,
        new=new[0].cell.id if new else None,
        base_values=tuple(read_values(run.measurement, run.cell) for run in base),
        new_values=tuple(read_values(run.measurement, run.cell) for run in new) or ({},),
        metric_ratios=_compare_other_metrics(base, new),
        findings=findings,
        refusals=refusals or shortage or explain_refusals(findings),
        proofs=(_find_proof(base), _find_proof(new)),
    )


def _find_proof(runs: Sequence[CellRun]) -> Proof | None:
    measurement = runs[0].measurement if runs else None
    return None if measurement is None else measurement.proof


def _compare_other_metrics(base: Sequence[CellRun], new: Sequence[CellRun]) -> dict[MetricName, float]:
    """Return the ratio of means of each metric that both sides have, but for latency, which the verdict is on."""
    ratios = {}
    for name in sorted(METRICS.keys() - {LATENCY}):
        before, after = (
            [value for run in runs for value in read_values(run.measurement, run.cell, name).values()]
            for runs in (base, new)
        )
        if before and after and fmean(before) > 0:
            ratios[name] = fmean(after) / fmean(before)
    return ratios


def _find_differences(base: Sequence[CellRun], new: Sequence[CellRun], purpose: Purpose) -> tuple[Finding, ...]:
    """Return what differs between the sides, and what differs within one, where nothing may."""
    compared: list[tuple[CellRun, CellRun, Purpose]] = [
        *((base[0], other, purpose) for other in new[:1]),
        *((side[0], other, "reproduce") for side in (base, new) for other in side[1:]),
    ]
    found: list[Finding] = []
    for run, other, asked in compared:
        if run.measurement is not None and other.measurement is not None:
            differences = find_cell_differences((run.cell, run.measurement), (other.cell, other.measurement), asked)
            found += [finding for finding in differences if finding not in found]
    return tuple(found)


def _find_shortage(side: str, runs: Sequence[CellRun | None]) -> tuple[Reason, ...]:
    """Return why a side has no number; empty if it has one in each of its runs."""
    for run in runs:
        if run is None:
            return (Reason(code="no_such_cell", values={"side": side}),)
        if run.failure is not None:
            return (Reason(code="no_number", values={"side": side}), run.failure)
    return ()
