"""Whether a run can be measured again here, and whether that gave the same numbers. Pure.

The question is one of equivalence, not of difference: two runs that are too noisy to be told apart have not reproduced
one another. A change beyond the margin in either direction is not reproduced: a number that is much better here was not
this one either. What the host's own probes changed by between the runs is attributed to the host, in either direction.
"""

from collections.abc import Iterable, Sequence
from math import exp

import msgspec

from bench.compare.bundles import compare_runs
from bench.compare.comparability import find_differences
from bench.compare.evidence import find_failure, read_values
from bench.compare.history import EarlierRun
from bench.compare.host_change import allow_for, explain_by_host_change
from bench.records.bundle import Citation, Contents, Environment
from bench.records.cpulist import format_cpulist, parse_cpulist
from bench.records.image import Image
from bench.records.machine import Machine
from bench.records.reason import Reason
from bench.records.reproduction import CellReproduction, Reproduction, ReproductionOutcome
from bench.records.summary import Interval
from bench.records.verdict import CellVerdict, Criteria, Finding, find_refusals
from bench.stats.variance import REPETITIONS_MIN


def find_obstacles(original: Contents, machine: Machine, environment: Environment, image: Image) -> tuple[Finding, ...]:
    """Return what differs between where a run was made and here. A finding that refuses forbids a new run.

    Args:
        original: The run.
        machine: This one.
        environment: Its software.
        image: The image that both are in.
    """
    here = msgspec.structs.replace(original, machine=machine, environment=environment, image=image)
    return (*_find_missing_cpus(original, machine), *find_differences(original, here, "reproduce"))


def find_data_problem(original: Contents) -> str | None:
    """Return why no new run could reproduce this one, before one is made; None if one could."""
    cells = {cell.id: cell for cell in original.plan.cells}
    valid = [len(read_values(measurement, cells[measurement.cell])) for measurement in original.measurements]
    if max(valid, default=0) >= REPETITIONS_MIN:
        return None
    return (
        f"run {original.info.run_id} has {max(valid, default=0)} valid repetitions of a cell at most, and a verdict "
        f"takes {REPETITIONS_MIN}; ask for a run with --repetitions {REPETITIONS_MIN} or more"
    )


def refuse_reproduction(cites: Citation, findings: Sequence[Finding], margin_ratio: float) -> Reproduction:
    """Return the verdict where nothing was measured, because too much differs."""
    return Reproduction(
        cites=cites,
        run_id=None,
        margin_ratio=margin_ratio,
        run_scatter=None,
        findings=tuple(findings),
        cells=(),
        outcome="not_comparable",
    )


def judge_reproduction(
    cites: Citation, original: Contents, again: Contents, margin_ratio: float, earlier: Sequence[EarlierRun] = ()
) -> Reproduction:
    """Judge a run of the same plan.

    Args:
        cites: The original.
        original: What the first holds.
        again: What the second holds.
        margin_ratio: By how much latencies may differ.
        earlier: Runs of the same plan on this host, which show how far runs there lie apart.
    """
    criteria = Criteria(margin_ratio=margin_ratio)
    comparison = compare_runs([original], [again], criteria, purpose="reproduce", earlier=earlier)
    cells = tuple(_judge(verdict, original, again, margin_ratio) for verdict in comparison.cells)
    return Reproduction(
        cites=cites,
        run_id=again.info.run_id,
        margin_ratio=margin_ratio,
        run_scatter=comparison.run_scatter,
        findings=comparison.findings,
        cells=cells,
        outcome="not_comparable" if find_refusals(comparison.findings) else conclude(cell.outcome for cell in cells),
    )


def conclude(outcomes: Iterable[ReproductionOutcome]) -> ReproductionOutcome:
    """Return the outcome of a run, from those of its cells.

    A cell of which the original has no number decides nothing.
    """
    found = set(outcomes)
    order: tuple[ReproductionOutcome, ...] = ("not_reproduced", "too_noisy", "reproduced")
    return next((outcome for outcome in order if outcome in found), "not_comparable")


def _find_missing_cpus(original: Contents, machine: Machine) -> tuple[Finding, ...]:
    allowed = parse_cpulist(machine.topology.allowed_cpus)
    planned = frozenset[int]().union(
        *(parse_cpulist(binding.cpus) for cell in original.plan.cells for binding in cell.instances)
    )
    if planned <= allowed:
        return ()
    missing = Finding(
        field="plan.cells.instances.cpus",
        base=format_cpulist(planned),
        new=format_cpulist(allowed),
        severity="refuse",
        reason=Reason(code="cpus_not_allowed"),
    )
    return (missing,)


def _judge(verdict: CellVerdict, original: Contents, again: Contents, margin_ratio: float) -> CellReproduction:
    outcome, reasons = _judge_cell(verdict, original, again, margin_ratio)
    return CellReproduction(verdict=verdict, outcome=outcome, reasons=reasons)


_Judgement = tuple[ReproductionOutcome, tuple[Reason, ...]]


def _judge_cell(verdict: CellVerdict, original: Contents, again: Contents, margin_ratio: float) -> _Judgement:
    cell = verdict.base or ""
    if cell in original.summary.failed:
        return "not_comparable", (Reason(code="no_number", values={"side": "base"}), find_failure(original, cell))
    if cell in again.summary.failed:
        reasons = (Reason(code="no_number", values={"side": "new"}), find_failure(again, cell))
        return ("too_noisy" if _was_too_noisy(again, cell) else "not_reproduced"), reasons
    if verdict.ratio is None:
        return "not_comparable" if verdict.outcome == "not_comparable" else "too_noisy", verdict.reasons
    return _judge_ratio(verdict, verdict.ratio, margin_ratio)


def _was_too_noisy(contents: Contents, cell: str) -> bool:
    return contents.summary.failed[cell].code == "too_noisy"


def _judge_ratio(verdict: CellVerdict, ratio: Interval, margin_ratio: float) -> _Judgement:
    values = {"margin_percent": f"{100 * margin_ratio:.3g}"}
    if verdict.outcome == "equivalent":
        return "reproduced", (Reason(code="reproduced", values=values),)
    low, high = 1 / (1 + margin_ratio), 1 + margin_ratio
    least, most = map(exp, allow_for(verdict.host_change))
    if ratio.high < low * least or ratio.low > high * most:
        code = "slower_than_margin" if ratio.point > 1 else "faster_than_margin"
        return "not_reproduced", (Reason(code=code, values=values),)
    if verdict.host_change is not None and (ratio.high < low or ratio.low > high):
        return "too_noisy", (explain_by_host_change(verdict.host_change),)
    hidden = tuple(reason for reason in verdict.reasons if reason.code == "host_hides_equivalence")
    return "too_noisy", (*(hidden or (Reason(code="neither_within_nor_beyond", values=values),)), *verdict.notes)
