"""Compare runs, or the two variants of one: what differs, each cell's verdict, and the outcome."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from msgspec.structs import replace

from bench.compare.cells import Judged, judge_pairs, judge_runs
from bench.compare.comparability import Purpose, explain_refusals, find_differences
from bench.compare.evidence import CellRun, find_cell_run, gather_evidence
from bench.compare.history import CellKey, EarlierRun, identify_cell
from bench.compare.host_change import measure_host_change
from bench.compare.scatter import group_runs, learn_scatter
from bench.compare.shared_samples import find_shared_samples
from bench.errors import BundleError, UsageError
from bench.records.bundle import Contents
from bench.records.case import Case
from bench.records.image import Image
from bench.records.plan import Cell
from bench.records.probe import Probe
from bench.records.reason import Reason
from bench.records.variant import BASE, Variant
from bench.records.verdict import Comparison, Criteria, FamilyRatio, Finding, conclude
from bench.stats.ratio import LogRatio, average, interval
from bench.workloads.registry import WORKLOADS


def compare_runs(
    base: Sequence[Contents],
    new: Sequence[Contents],
    criteria: Criteria,
    *,
    purpose: Purpose = "compare",
    earlier: Sequence[EarlierRun] = (),
) -> Comparison:
    """Compare runs, cell by cell: those of equal case and layout.

    Args:
        base: What `new` is compared with: a run, or several of the same thing, in any order.
        new: The run in question, or several of it.
        criteria: Margin and levels.
        purpose: Decides how much differences matter.
        earlier: Runs of the same things on this host, which show how far runs there lie apart.

    Raises:
        UsageError: two of them are the same run, or hold the same samples: compared with itself, anything is equivalent.
        BundleError: two cells of a run are of equal case and layout.
    """
    _check_distinct((*base, *new))
    base, new = (sorted(side, key=lambda contents: contents.info.run_id) for side in (base, new))
    findings = _find_run_differences(base, new, purpose)
    refusals = explain_refusals(findings)
    scatter = learn_scatter(base, new, earlier)
    groups = [[run.probes for run in group] for group in group_runs(earlier)]
    base_cells, new_cells = ([_index_cells(contents) for contents in side] for side in (base, new))
    only_in_new = dict(new_cells[0])
    tail = criteria.false_alarm_level / max(1, len(base_cells[0])) / 2
    evidences, only_in_base = [], []
    for key, cell in base_cells[0].items():
        if only_in_new.pop(key, None) is None and not _was_refused(cell.case, new[0]):
            only_in_base.append(cell)
            continue
        sides = _find_in_runs(key, base, base_cells), _find_in_runs(key, new, new_cells)
        evidence = gather_evidence(cell, sides, refusals, purpose)
        change = measure_host_change(_collect_probes(base), _collect_probes(new), cell.layout, groups)
        evidences.append(replace(evidence, run_scatter=scatter.allow(key, tail), host_change=change))
    judged = judge_runs(evidences, criteria)
    return Comparison(
        base=tuple(contents.info.run_id for contents in base),
        new=tuple(contents.info.run_id for contents in new),
        interleaved=False,
        criteria=criteria,
        run_scatter=scatter.describe([cell.verdict for cell in judged]),
        findings=findings,
        cells=tuple(cell.verdict for cell in judged),
        families=_average_families(judged, criteria),
        outcome=conclude(cell.verdict for cell in judged),
        notes=tuple(_note_unpaired(only_in_base, only_in_new.values())),
    )


def compare_variants(contents: Contents, criteria: Criteria) -> Comparison:
    """Compare the variants a and b of one run, whose repetitions were interleaved: a is base, b is new."""
    a, b = (_as_seen_by(variant, contents) for variant in contents.plan.variants)
    findings = find_differences(a, b, "variants")
    refusals = explain_refusals(findings)
    judged = judge_pairs(
        [
            gather_evidence(
                base, ([find_cell_run(contents, base)], [find_cell_run(contents, new)]), refusals, "variants"
            )
            for base, new in pairwise(contents.plan.cells)
            if (base.variant, new.variant) == ("a", "b")
        ],
        criteria,
    )
    return Comparison(
        base=("a",),
        new=("b",),
        interleaved=True,
        criteria=criteria,
        run_scatter=None,
        findings=findings,
        cells=tuple(cell.verdict for cell in judged),
        families=_average_families(judged, criteria),
        outcome=conclude(cell.verdict for cell in judged),
    )


def _as_seen_by(variant: Variant, contents: Contents) -> Contents:
    """Return a run with the software and in the image that one side's workers had."""
    environment = contents.environments.get(variant.name, contents.environment)
    image = contents.image if variant.image is None else Image(inside=True, labels={}, stated=variant.image)
    return replace(contents, environment=environment, image=image)


def _check_distinct(runs: Sequence[Contents]) -> None:
    names = [contents.info.run_id for contents in runs]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"run {name} is given twice; compare different runs, or the variants of bench ab")
    shared = find_shared_samples(runs)
    if shared is not None:
        raise UsageError(f"runs {' and '.join(sorted(shared))} hold the same measurements; compare different ones")


def _find_run_differences(base: Sequence[Contents], new: Sequence[Contents], purpose: Purpose) -> tuple[Finding, ...]:
    """Return what differs between the sides, and what differs within one, where nothing may."""
    found = list(find_differences(base[0], new[0], purpose))
    for side in (base, new):
        for contents in side[1:]:
            differences = find_differences(side[0], contents, "reproduce")
            found += [finding for finding in differences if finding not in found]
    return tuple(found)


def _index_cells(contents: Contents) -> dict[CellKey, Cell]:
    """Return cells by case and layout; of variants, those of a.

    Raises:
        BundleError: two cells are of equal case and layout, so that nothing says which is meant.
    """
    cells = [cell for cell in contents.plan.cells if cell.variant in {None, BASE}]
    found = {identify_cell(cell): cell for cell in cells}
    if len(found) != len(cells):
        raise BundleError(f"run {contents.info.run_id} has two cells of equal case and layout; which is meant?")
    return found


def _find_in_runs(key: CellKey, runs: Sequence[Contents], cells: Sequence[dict[CellKey, Cell]]) -> list[CellRun | None]:
    """Return a cell in each run of a side; None for a run that has no such cell."""
    return [
        find_cell_run(contents, found[key]) if key in found else None
        for contents, found in zip(runs, cells, strict=True)
    ]


def _note_unpaired(base: Iterable[Cell], new: Iterable[Cell]) -> Iterator[Reason]:
    """Say of cells that only one side has whether the other has them of another source."""
    changed = {_identify_without_source(cell): cell for cell in new}
    paired: list[Cell] = []
    for cell in base:
        other = changed.pop(_identify_without_source(cell), None)
        if other is None:
            yield Reason(code="only_in_base", values={"cell": cell.id})
        else:
            paired.append(other)
            values = {"cell": cell.id, "base": cell.case.source or "", "new": other.case.source or ""}
            yield Reason(code="other_source", values=values)
    for cell in new:
        if cell not in paired:
            yield Reason(code="only_in_new", values={"cell": cell.id})


def _identify_without_source(cell: Cell) -> CellKey:
    return identify_cell(replace(cell, case=replace(cell.case, source=None)))


def _collect_probes(runs: Sequence[Contents]) -> list[tuple[Probe, ...]]:
    return [contents.probes for contents in runs]


def _was_refused(case: Case, contents: Contents) -> bool:
    """Return whether a run refused a case. That it was asked for and has no number must not pass unseen."""
    return any(refused.case == case for refused in contents.plan.refused)


def _average_families(judged: Iterable[Judged], criteria: Criteria) -> tuple[FamilyRatio, ...]:
    """Return geometric means; a workload that this bench does not know is a family of its own name."""
    families: dict[str, list[LogRatio]] = {}
    for cell in judged:
        if cell.estimate is not None:
            workload = cell.verdict.case.workload
            facts = WORKLOADS.get(workload)
            families.setdefault(workload if facts is None else facts.family, []).append(cell.estimate)
    groups = {name: families[name] for name in sorted(families)}
    if len(groups) > 1:
        groups["all"] = [estimate for group in families.values() for estimate in group]
    return tuple(
        FamilyRatio(family=name, ratio=interval(average(group), criteria.false_alarm_level), cells=len(group))
        for name, group in groups.items()
    )
