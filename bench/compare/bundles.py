"""Compare two runs, or the two variants of one: what differs, each cell's verdict, and the outcome."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from msgspec.structs import replace

from bench.compare.cells import Evidence, Judged, judge_cells
from bench.compare.comparability import Purpose, find_cell_differences, find_differences, refusal
from bench.errors import BundleError, UsageError
from bench.records.bundle import Contents
from bench.records.case import Case
from bench.records.image import Image
from bench.records.measurement import Measurement, Probe
from bench.records.plan import Cell
from bench.records.profile import LayoutName
from bench.records.record import encode_json
from bench.records.variant import Variant
from bench.records.verdict import (
    ASSUMED_SCATTER,
    Comparison,
    Criteria,
    FamilyRatio,
    Finding,
    HostMovement,
    RunScatter,
    conclude,
)
from bench.stats.metrics import repetition_values
from bench.stats.probes import sum_bandwidth, sum_compute
from bench.stats.ratio import average, interval
from bench.workloads.registry import WORKLOADS

Measured = tuple[Cell, Measurement]
Key = tuple[bytes, LayoutName]


def compare_runs(
    base: Contents,
    new: Contents,
    criteria: Criteria,
    *,
    purpose: Purpose = "compare",
    run_scatter: RunScatter = ASSUMED_SCATTER,
) -> Comparison:
    """Compare two runs, cell by cell: those of equal case and layout.

    Args:
        base: What `new` is held against.
        new: The run in question.
        criteria: Margin and levels.
        purpose: What differences weigh.
        run_scatter: How far runs of the same thing lie apart on this host.

    Raises:
        UsageError: both are the same run: compared with itself, anything is equivalent.
    """
    if base.info.run_id == new.info.run_id:
        raise UsageError(f"both bundles hold the run {base.info.run_id}; compare two runs, or the variants of bench ab")
    findings = find_differences(base, new, purpose)
    refused = refusal(findings)
    news = _by_key(new)
    evidences, notes = [], []
    for key, cell in _by_key(base).items():
        other = news.pop(key, None)
        if other is None and not _was_asked_for(cell.case, new):
            notes.append(f"only in base: {cell.id}")
            continue
        evidences.append(_gather((base, cell), (new, other), refused, purpose))
    notes += [f"only in new: {cell.id}" for cell in news.values()]
    return _conclude(
        base.info.run_id, new.info.run_id, criteria, run_scatter, evidences, findings=findings, notes=notes
    )


def compare_variants(contents: Contents, criteria: Criteria) -> Comparison:
    """Compare the variants a and b of one run, whose repetitions were interleaved: a is base, b is new."""
    cells = contents.plan.cells
    pairs = [(a, b) for a, b in pairwise(cells) if (a.variant, b.variant) == ("a", "b")]
    a, b = (_as_seen_by(variant, contents) for variant in contents.plan.variants)
    findings = find_differences(a, b, "variants")
    refused = refusal(findings)
    evidences = [_gather((contents, base), (contents, new), refused, "variants") for base, new in pairs]
    return _conclude("a", "b", criteria, None, evidences, findings=findings)


def _as_seen_by(variant: Variant, contents: Contents) -> Contents:
    """A run with the software and in the image that one side's workers had."""
    environment = contents.environments.get(variant.name, contents.environment)
    image = contents.image if variant.image is None else Image(inside=True, labels={}, stated=variant.image)
    return replace(contents, environment=environment, image=image)


def measure_movement(base: Sequence[Probe], new: Sequence[Probe], layout: LayoutName) -> HostMovement | None:
    """How much longer the host itself took in the new run, by the medians of the probes of one layout."""
    sides = [[probe for probe in probes if probe.layout == layout] for probes in (base, new)]
    compute = [list(map(sum_compute, side)) for side in sides]
    if not all(compute) or not all(min(side) > 0 for side in compute):
        return None
    bandwidth = [median(map(sum_bandwidth, side)) for side in sides]
    return HostMovement(
        compute_ratio=median(compute[0]) / median(compute[1]), bandwidth_ratio=bandwidth[0] / bandwidth[1]
    )


def _by_key(contents: Contents) -> dict[Key, Cell]:
    """Cells by case and layout; of variants, b is left to `compare_variants`.

    Raises:
        BundleError: two cells are of equal case and layout, so that nothing says which is meant.
    """
    cells = [cell for cell in contents.plan.cells if cell.variant != "b"]
    found = {_key(cell): cell for cell in cells}
    if len(found) != len(cells):
        raise BundleError(f"run {contents.info.run_id} has two cells of equal case and layout; which is meant?")
    return found


def _key(cell: Cell) -> Key:
    return encode_json(cell.case), cell.layout


def _was_asked_for(case: Case, contents: Contents) -> bool:
    """A case that a run refused was asked for; that it has no number must not pass unseen."""
    return any(refused.case == case for refused in contents.plan.refused)


def _gather(
    base: tuple[Contents, Cell], new: tuple[Contents, Cell | None], refused: str | None, purpose: Purpose
) -> Evidence:
    """What there is to judge one cell by."""
    cell, other = base[1], new[1]
    before = _find_measurement(base[0], cell)
    after = None if other is None else _find_measurement(new[0], other)
    findings: tuple[Finding, ...] = ()
    if other is not None and before is not None and after is not None:
        findings = find_cell_differences((cell, before), (other, after), purpose)
    reason = (
        refused
        or _why_no_number("base", base[0], cell, before)
        or _why_no_number("new", new[0], other, after)
        or refusal(findings)
    )
    return Evidence(
        case=cell.case,
        layout=cell.layout,
        base=cell.id,
        new=None if other is None else other.id,
        base_s={} if before is None or before.failure else repetition_values(before, cell),
        new_s={} if other is None or after is None or after.failure else repetition_values(after, other),
        host_movement=None if purpose == "variants" else measure_movement(base[0].probes, new[0].probes, cell.layout),
        findings=findings,
        refusal=reason,
    )


def _find_measurement(contents: Contents, cell: Cell) -> Measurement | None:
    return next((one for one in contents.measurements if one.cell == cell.id), None)


def _why_no_number(side: str, contents: Contents, cell: Cell | None, measurement: Measurement | None) -> str | None:
    if cell is None:
        return f"{side} refused this case, or has it in no such layout"
    if measurement is None or measurement.failure is not None:
        reason = contents.summary.failed.get(cell.id)
        return f"{side} has no number: {'not measured' if reason is None else reason.code}"
    return None


def _conclude(
    base: str,
    new: str,
    criteria: Criteria,
    run_scatter: RunScatter | None,
    evidences: Sequence[Evidence],
    *,
    findings: tuple[Finding, ...] = (),
    notes: Iterable[str] = (),
) -> Comparison:
    judged = judge_cells(evidences, criteria, run_scatter)
    cells = tuple(one.verdict for one in judged)
    return Comparison(
        base=base,
        new=new,
        interleaved=run_scatter is None,
        criteria=criteria,
        run_scatter=run_scatter,
        findings=findings,
        cells=cells,
        families=_average_families(judged, criteria),
        outcome=conclude(cells),
        notes=tuple(notes),
    )


def _average_families(judged: Iterable[Judged], criteria: Criteria) -> tuple[FamilyRatio, ...]:
    """Geometric means; a workload that this bench does not know is a family of its own name."""
    families: dict[str, list[Judged]] = {}
    for one in judged:
        if one.estimate is not None:
            facts = WORKLOADS.get(one.verdict.case.workload)
            name = one.verdict.case.workload if facts is None else facts.family
            families.setdefault(name, []).append(one)
    groups = {name: families[name] for name in sorted(families)}
    if len(groups) > 1:
        groups["all"] = [one for group in families.values() for one in group]
    return tuple(
        FamilyRatio(
            family=name,
            ratio=interval(
                average([one.estimate for one in group if one.estimate is not None]), criteria.false_alarm_level
            ),
            cells=len(group),
        )
        for name, group in groups.items()
    )
