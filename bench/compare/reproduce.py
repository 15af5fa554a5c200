"""Whether a run can be done again here, and whether that gave the same numbers. Pure.

The question is one of equivalence, not of difference: two runs too noisy to be told apart have not reproduced one
another. Beyond the margin in either direction is not reproduced: a number that is much better here was not this one
either. What the host's own probes moved by between the runs is put down to the host, in either direction.
"""

from collections.abc import Iterable, Sequence
from math import exp

import msgspec

from bench.compare.bundles import compare_runs
from bench.compare.cells import allow_for, describe_movement
from bench.compare.comparability import find_differences
from bench.records.bundle import Citation, Contents, Environment
from bench.records.cpulist import format_cpulist, parse_cpulist
from bench.records.image import Image
from bench.records.machine import Machine
from bench.records.reproduction import CellReproduction, Reproduction, ReproductionOutcome
from bench.records.summary import Interval
from bench.records.verdict import CellVerdict, Criteria, Finding
from bench.stats.scatter import REPETITIONS_MIN


def find_obstacles(original: Contents, machine: Machine, environment: Environment, image: Image) -> tuple[Finding, ...]:
    """What differs between the place of a run and here; any that refuses forbids to do it again.

    Args:
        original: The run.
        machine: This one.
        environment: Its software.
        image: That both are in.
    """
    here = msgspec.structs.replace(original, machine=machine, environment=environment, image=image)
    return (*_find_missing_cpus(original, machine), *find_differences(original, here, "reproduce"))


def find_data_problem(original: Contents) -> str | None:
    """Why no run of the same plan could be told to be the same, before one is made; None if one could."""
    valid = [
        sum(not repetition.invalid for repetition in measurement.repetitions)
        for measurement in original.measurements
        if measurement.failure is None
    ]
    if max(valid, default=0) >= REPETITIONS_MIN:
        return None
    return (
        f"run {original.info.run_id} has {max(valid, default=0)} valid repetitions of a cell at most, and a verdict "
        f"takes {REPETITIONS_MIN}; ask for a run with --repetitions {REPETITIONS_MIN} or more"
    )


def refuse_reproduction(cites: Citation, findings: Sequence[Finding], margin_ratio: float) -> Reproduction:
    """The verdict where nothing was measured, as too much differs."""
    return Reproduction(
        cites=cites,
        run_id=None,
        margin_ratio=margin_ratio,
        findings=tuple(findings),
        cells=(),
        outcome="not_comparable",
    )


def judge_reproduction(cites: Citation, original: Contents, again: Contents, margin_ratio: float) -> Reproduction:
    """Judge a run of the same plan.

    Args:
        cites: The original.
        original: What the first holds.
        again: What the second holds.
        margin_ratio: By how much latencies may differ.
    """
    comparison = compare_runs(original, again, Criteria(margin_ratio=margin_ratio), purpose="reproduce")
    cells = tuple(_judge(verdict, original, again, margin_ratio) for verdict in comparison.cells)
    refused = any(finding.severity == "refuse" for finding in comparison.findings)
    return Reproduction(
        cites=cites,
        run_id=again.info.run_id,
        margin_ratio=margin_ratio,
        findings=comparison.findings,
        cells=cells,
        outcome="not_comparable" if refused else conclude(cell.outcome for cell in cells),
    )


def conclude(outcomes: Iterable[ReproductionOutcome]) -> ReproductionOutcome:
    """The outcome of a run, from those of its cells; one that the original has no number of decides nothing."""
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
        reason="the plan binds workers to CPUs that may not be used here",
    )
    return (missing,)


def _judge(verdict: CellVerdict, original: Contents, again: Contents, margin_ratio: float) -> CellReproduction:
    outcome, reason = _weigh(verdict, original, again, margin_ratio)
    return CellReproduction(verdict=verdict, outcome=outcome, reason=reason)


def _weigh(
    verdict: CellVerdict, original: Contents, again: Contents, margin_ratio: float
) -> tuple[ReproductionOutcome, str]:
    cell = verdict.base or ""
    if cell in original.summary.failed:
        return "not_comparable", f"the original has no number: {original.summary.failed[cell].code}"
    if cell in again.summary.failed:
        failed = again.summary.failed[cell].code
        return ("too_noisy" if failed == "too_noisy" else "not_reproduced"), f"it has no number here: {failed}"
    if verdict.ratio is None:
        return "not_comparable" if verdict.outcome == "not_comparable" else "too_noisy", "; ".join(verdict.reasons)
    return _weigh_ratio(verdict, verdict.ratio, margin_ratio)


def _weigh_ratio(verdict: CellVerdict, ratio: Interval, margin_ratio: float) -> tuple[ReproductionOutcome, str]:
    if verdict.outcome == "equivalent":
        return "reproduced", f"equivalent within {margin_ratio:.1%}"
    low, high = 1 / (1 + margin_ratio), 1 + margin_ratio
    least, most = map(exp, allow_for(verdict.host_movement))
    if ratio.high < low * least or ratio.low > high * most:
        return "not_reproduced", f"{'slower' if ratio.point > 1 else 'faster'} by more than {margin_ratio:.1%}"
    if verdict.host_movement is not None and (ratio.high < low or ratio.low > high):
        return "too_noisy", describe_movement(verdict.host_movement)
    return "too_noisy", "; ".join((f"neither within {margin_ratio:.1%} nor beyond it is shown", *verdict.notes))
