"""Confirm a suspected change: measure its cell again before anyone is told.

Where the software differs on both sides of the change, both can be measured in turn (`bench ab`). Where it does not, the
change came from the host, or from nothing: then the cell is measured once more as it is today, and compared with the runs
before the change (`bench run`, `bench compare`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import asdict, replace

from bench.compare.bundles import compare_runs, compare_variants
from bench.errors import UsageError
from bench.history.judge import conclude
from bench.planning.pairs import VariantOptions
from bench.records.history import CellHistory, ChangeState, History, LevelChange, Rerun
from bench.records.suite import CaseFilter
from bench.records.verdict import RUNS_MARGIN_RATIO, CellVerdict, Comparison, Criteria
from bench.run.ab import prepare_ab
from bench.run.options import RunOptions
from bench.run.prepare import Decision, prepare_run
from bench.verification.verify import verify_bundle

BASE_RUNS = 5
"""Newest runs before the change that a repeat is compared with: they also show how far runs lie apart."""

REPETITIONS = (10, 20)
"""Of a repeat."""

_PACKAGE = "environment.distributions."

Measure = Callable[[Decision], Path]
"""Measures a plan, and returns the bundle's path."""

Confirm = Callable[[CellHistory, LevelChange], LevelChange]


class Sides(NamedTuple):
    """How a rerun is made.

    Attributes:
        python_a: The interpreter or environment with the packages of before; None if none is named.
        output: The folder for bundles.
    """

    python_a: str | None
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


def plan_rerun(cell: CellHistory, change: LevelChange) -> LevelChange:
    """Return a change with the commands that confirm it.

    Raises:
        BenchError: the first bundle after the change does not verify any more.
    """
    return replace(change, rerun=_plan(cell, change, _make_options(cell, change)))


def run_rerun(cell: CellHistory, change: LevelChange, sides: Sides, measure: Measure) -> LevelChange:
    """Measure a change's cell again, and return the change as the verdict says.

    Raises:
        UsageError: the packages differ, and no environment has those of before.
        BenchError: the cell cannot be measured here.
    """
    options = _make_options(cell, change)
    rerun = _plan(cell, change, options)
    criteria = Criteria(margin_ratio=find_margin(change))
    if rerun.kind == "ab":
        if sides.python_a is None:
            needed = ", ".join(f"{name} {a}" for name, (a, _) in sorted(rerun.packages.items()))
            raise UsageError(f"the packages of before are needed: name an environment with {needed} by --python-a PATH")
        decision = prepare_ab(options, VariantOptions(python=sides.python_a), VariantOptions(), output=sides.output)
        path = measure(decision)
        comparison = compare_variants(verify_bundle(path).contents, criteria)
    else:
        path = measure(prepare_run(replace(options, repetitions=REPETITIONS), output=sides.output))
        base = [verify_bundle(Path(bundle)).contents for bundle in _find_base(cell, change)]
        comparison = _keep_cell(compare_runs(base, [verify_bundle(path).contents], criteria), cell)
    state = _find_state(_find_verdicts(comparison, cell))
    return replace(change, state=state, rerun=replace(rerun, comparison=comparison, bundle=str(path)))


def _plan(cell: CellHistory, change: LevelChange, options: RunOptions) -> Rerun:
    """Return how a cell is measured again: in turn where packages differ, else once more."""
    packages = {
        finding.field.removeprefix(_PACKAGE): (_version(finding.base), _version(finding.new))
        for finding in change.differences
        if finding.field.startswith(_PACKAGE) and finding.reason.code == "other_distributions"
    }
    typed = _name_options(options)
    if packages:
        command = ("bench", "ab", "--python-a", "PYTHON_A", "--python-b", "PYTHON_B", *typed)
        return Rerun(kind="ab", commands=(command,), packages=packages)
    repeat = ("bench", "run", *typed, "--repetitions", ":".join(map(str, REPETITIONS)))
    compare = ("bench", "compare", *_find_base(cell, change), "--", "NEW_BUNDLE", "--margin", _name_margin(change))
    return Rerun(kind="repeat", commands=(repeat, compare))


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
    """Return the newest bundles before a change, of its level."""
    level = max(level.first for level in cell.levels if level.first <= change.before)
    begin = max(level, change.before + 1 - BASE_RUNS)
    return tuple(point.bundle for point in cell.points[begin : change.before + 1])


def _make_options(cell: CellHistory, change: LevelChange) -> RunOptions:
    """Return the options that plan the cell as the first run after the change did."""
    suite = verify_bundle(Path(cell.points[change.first].bundle)).contents.plan.suite
    case = cell.case
    wanted = CaseFilter(
        workload=(case.workload,),
        mode=(case.mode,),
        precision=(case.precision,),
        memory_format=(case.memory_format,),
        backend=(case.backend,),
        batch_size=(case.batch_size,),
        quant_engine=() if case.quant_engine is None else (case.quant_engine,),
    )
    return RunOptions(suite=suite, wanted=wanted, layouts=(cell.layout,))


def _name_options(options: RunOptions) -> tuple[str, ...]:
    """Return the options of `_make_options` as a user types them."""
    chosen = {"suite": (options.suite,), **asdict(options.wanted), "layout": options.layouts}
    return tuple(
        word
        for name, values in chosen.items()
        if values
        for word in (f"--{name.replace('_', '-')}", ",".join(map(str, values)))
    )


def _name_margin(change: LevelChange) -> str:
    return f"{100 * find_margin(change):.2g}%"


def _version(described: str) -> str:
    """Return the version of a package that a finding describes with its digest."""
    return described.partition(" ")[0]
