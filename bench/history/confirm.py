"""Confirm a suspected change: measure its cell again before anyone is told.

Where the software differs on both sides of the change, both can be measured in turn (`bench ab`). Where it does not, the
change came from the host, or from nothing: then the cell is measured once more as it is today, and compared with the runs
before the change (`bench run`, `bench compare`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from bench.compare.bundles import compare_runs, compare_variants
from bench.errors import BenchError, TooNoisyError, UsageError
from bench.history.judge import conclude
from bench.history.rerun import OwnFiles, find_files, list_files, make_options, require_cell, type_options
from bench.planning.pairs import VariantOptions
from bench.records.bundle import Contents
from bench.records.history import CellHistory, ChangeState, History, LevelChange, Point, Rerun
from bench.records.verdict import RUNS_MARGIN_RATIO, CellVerdict, Comparison, Criteria
from bench.run.ab import prepare_ab
from bench.run.prepare import Decision, prepare_run
from bench.stats.variance import REPETITIONS_MIN
from bench.verification.verify import verify_bundle

BASE_RUNS = 5
"""Newest runs before the change that a repeat is compared with: they also show how far runs lie apart."""

UNCERTAIN_RUNS = 2
"""Newest of them that are left out where others are there: some runs right before a change may be after it."""

REPETITIONS = (10, 20)
"""Of a repeat."""

_PACKAGE = "environment.distributions."

Measure = Callable[[Decision], Path]
"""Measures a plan, and returns the bundle's path."""

Confirm = Callable[[CellHistory, LevelChange], LevelChange]


class RerunSettings(NamedTuple):
    """How reruns are made.

    Attributes:
        python_a: The interpreter or environment with the packages of before; None if none is named.
        own: Files of the user's.
        output: The folder for bundles.
    """

    python_a: str | None
    own: OwnFiles
    output: Path


def confirm_changes(history: History, confirm: Confirm) -> History:
    """Return a history in which each suspected change to slower is replaced by what a function makes of it."""
    hosts = tuple(
        replace(host, cells=tuple(_confirm_cell(cell, confirm) for cell in host.cells)) for host in history.hosts
    )
    return replace(history, hosts=hosts, outcome=conclude(hosts))


def _confirm_cell(cell: CellHistory, confirm: Confirm) -> CellHistory:
    changes = tuple(
        confirm(cell, change) if change.state == "suspected" and change.direction == "slower" else change
        for change in cell.changes
    )
    return replace(cell, changes=changes)


def rerun_changes(planned: History, settings: RerunSettings, measure: Measure) -> tuple[History, BenchError | None]:
    """Measure the cells of suspected changes again; nothing is measured unless each of them can be.

    Args:
        planned: With a planned rerun of each suspected change.
        settings: Of all of them.
        measure: Measures.

    Returns:
        The history with the verdicts, and what stopped it before the last of them.
    """
    decisions: list[Decision] = []

    def prepare(cell: CellHistory, change: LevelChange) -> LevelChange:
        decisions.append(prepare_rerun(cell, change, settings))
        return change

    try:
        confirm_changes(planned, prepare)
    except BenchError as error:
        return planned, error
    stopped: list[BenchError] = []

    def run(cell: CellHistory, change: LevelChange) -> LevelChange:
        if stopped or change.rerun is None:
            return change
        try:
            return judge_rerun(cell, change, change.rerun, measure(decisions.pop(0)))
        except BenchError as error:
            stopped.append(error)
            return change

    return confirm_changes(planned, run), next(iter(stopped), None)


def plan_rerun(cell: CellHistory, change: LevelChange) -> LevelChange:
    """Return a change with the commands that confirm it.

    Raises:
        BenchError: the first bundle after the change does not verify any more.
    """
    contents = _open_first(cell, change)
    packages = {
        finding.field.removeprefix(_PACKAGE): (_version(finding.base), _version(finding.new))
        for finding in change.differences
        if finding.field.startswith(_PACKAGE) and finding.reason.code == "other_distributions"
    }
    typed = type_options(make_options(contents, cell))
    commands: tuple[tuple[str, ...], ...]
    if packages:
        commands = (("bench", "ab", "--python-a", "PYTHON_A", "--python-b", "PYTHON_B", *typed),)
    else:
        repeat = ("bench", "run", *typed, "--repetitions", ":".join(map(str, REPETITIONS)))
        compare = ("bench", "compare", *_find_base(cell, change), "--", "NEW_BUNDLE", "--margin", _name_margin(change))
        commands = (repeat, compare)
    rerun = Rerun(
        kind="ab" if packages else "repeat", commands=commands, packages=packages, files=list_files(contents, cell)
    )
    return replace(change, rerun=rerun)


def prepare_rerun(cell: CellHistory, change: LevelChange, settings: RerunSettings) -> Decision:
    """Decide how a planned rerun is measured here.

    Raises:
        UsageError: the packages differ and no environment has those of before; a file of the user's is missing or another
            one; or this bench plans another case.
        TooNoisyError: the runs before the change have too few repetitions for a verdict.
        BenchError: the cell cannot be measured here.
    """
    contents = _open_first(cell, change)
    options = find_files(make_options(contents, cell), contents, cell, settings.own)
    if change.rerun is not None and change.rerun.kind == "ab":
        if settings.python_a is None:
            needed = ", ".join(f"{name} {a}" for name, (a, _) in sorted(change.rerun.packages.items()))
            raise UsageError(f"the packages of before are needed: name an environment with {needed} by --python-a PATH")
        before = VariantOptions(python=settings.python_a)
        decision = prepare_ab(options, before, VariantOptions(), output=settings.output)
    else:
        _require_repetitions(cell, change)
        decision = prepare_run(replace(options, repetitions=REPETITIONS), output=settings.output)
    require_cell(decision.plan, cell)
    return decision


def judge_rerun(cell: CellHistory, change: LevelChange, rerun: Rerun, path: Path) -> LevelChange:
    """Return a change as the bundle of its rerun says.

    Raises:
        BenchError: a bundle does not verify.
    """
    criteria = Criteria(margin_ratio=find_margin(change))
    contents = verify_bundle(path).contents
    if rerun.kind == "ab":
        comparison = compare_variants(contents, criteria)
    else:
        base = [verify_bundle(Path(bundle)).contents for bundle in _find_base(cell, change)]
        comparison = _keep_cell(compare_runs(base, [contents], criteria), cell)
    state = _find_state(_find_verdicts(comparison, cell))
    return replace(change, state=state, rerun=replace(rerun, comparison=comparison, bundle=str(path)))


def find_margin(change: LevelChange) -> float:
    """Return the margin of the verdict: half the change, so that what is equivalent is nearer to none than to all of it."""
    return min(RUNS_MARGIN_RATIO, max(0.001, (change.ratio.point - 1) / 2))


def _find_verdicts(comparison: Comparison, cell: CellHistory) -> list[CellVerdict]:
    return [verdict for verdict in comparison.cells if verdict.layout == cell.layout and verdict.case == cell.case]


def _find_state(verdicts: Sequence[CellVerdict]) -> ChangeState:
    outcomes = {verdict.outcome for verdict in verdicts}
    if "slower" in outcomes:
        return "confirmed"
    return "refuted" if outcomes and outcomes <= {"faster", "equivalent"} else "suspected"


def _keep_cell(comparison: Comparison, cell: CellHistory) -> Comparison:
    """Return a comparison without the cells that were not measured again."""
    return replace(comparison, cells=tuple(_find_verdicts(comparison, cell)), families=(), notes=())


def _find_base(cell: CellHistory, change: LevelChange) -> tuple[str, ...]:
    """Return the newest bundles of the level before a change that a verdict can rest on; else the newest."""
    points = _list_level(cell, change)
    usable = [point for point in points if point.repetitions >= REPETITIONS_MIN] or points
    certain = usable[:-UNCERTAIN_RUNS] or usable
    return tuple(point.bundle for point in certain[-BASE_RUNS:])


def _require_repetitions(cell: CellHistory, change: LevelChange) -> None:
    """Refuse to measure what no verdict can follow from.

    Raises:
        TooNoisyError: no run of the level before the change has repetitions enough.
    """
    most = max(point.repetitions for point in _list_level(cell, change))
    if most < REPETITIONS_MIN:
        raise TooNoisyError(
            f"{cell.case.workload}: runs before the change have {most} valid repetitions at most, and a verdict takes "
            f"{REPETITIONS_MIN}; make runs with --repetitions {REPETITIONS_MIN} or more"
        )


def _list_level(cell: CellHistory, change: LevelChange) -> Sequence[Point]:
    """Return the points of the level before a change."""
    first = max(level.first for level in cell.levels if level.first <= change.before)
    return cell.points[first : change.before + 1]


def _open_first(cell: CellHistory, change: LevelChange) -> Contents:
    return verify_bundle(Path(cell.points[change.first].bundle)).contents


def _name_margin(change: LevelChange) -> str:
    return f"{100 * find_margin(change):.2g}%"


def _version(described: str) -> str:
    """Return the version of a package that a finding describes with its digest."""
    return described.partition(" ")[0]
