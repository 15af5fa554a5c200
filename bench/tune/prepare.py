"""Decide what a stage of a tuning measures: from the user's options for the first, from the one before for the others."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from bench.errors import EnvironmentUnfitError, UsageError
from bench.hardware.detect import HOST, detect
from bench.launch.libraries import find_preloads
from bench.launch.plan import estimate_probe_s
from bench.profiles.load import load_profile
from bench.records.plan import Plan
from bench.records.profile import ALLOCATORS, OPENMP_RUNTIMES, Runtime
from bench.records.record import Record
from bench.records.source import LocatedSource
from bench.records.tuning import AimName, Knob, Limit, Search, Settings, Tuning
from bench.report.units import format_duration
from bench.run.continuity import require_same_machine
from bench.run.options import RunOptions
from bench.run.prepare import Decision
from bench.tune.basis import Basis, decide_own, decide_stage, find_basis, find_catalogue, plan_arm
from bench.tune.estimate import Timed, estimate_tuning_s, list_timed
from bench.tune.sampler import SamplerMissingError, name_sampler, sample_settings
from bench.tune.space import ARMS_MAX, PlanArm, Space, build_space, merge_knobs, suggest_knobs
from bench.tune.stages import begin_tuning, request_stage
from bench.verification.verification import Verification

TimeCells = Callable[[Decision], Timed]
"""Makes one repetition of each cell of a plan (`bench.tune.pilot`)."""


class TuneOptions(Record, frozen=True, kw_only=True):
    """What a tuning is to find.

    Attributes:
        knobs: Empty for those that this machine suggests.
        aim: What is to be best.
        limit: What every arm has to keep.
        budget_s: Seconds for all stages together.
    """

    knobs: tuple[Knob, ...] = ()
    aim: AimName = "latency"
    limit: Limit | None = None
    budget_s: float


Laid = tuple[Tuning, Space]
"""The first stage of a search, and its space."""


class Beginning(NamedTuple):
    """The first stage, and what a user must know of the whole before it begins.

    Attributes:
        estimate_s: Seconds that the whole takes at least.
        timed: The estimate knows how long a repetition takes here.
    """

    decision: Decision
    space: Space | None
    estimate_s: float
    timed: bool = False


def prepare_tuning(
    options: RunOptions, wanted: TuneOptions, output: Path, time_cells: TimeCells | None = None
) -> Beginning:
    """Return the first stage of a search.

    Args:
        options: Which cases, with which profile; the aim decides the layout.
        wanted: What to find.
        output: The folder for results.
        time_cells: Times the profile's own settings, so that the estimate knows how long a repetition takes here. None
            measures nothing.

    Raises:
        UsageError: an unknown knob or value, nothing to tune, or less time than the least.
        EnvironmentUnfitError: the machine cannot do what is asked, or Optuna is missing.
    """
    basis = find_basis(options, wanted.aim, output)
    catalogue = find_catalogue(basis, output)
    plan = partial(plan_arm, basis, catalogue)
    own = plan({}).plan
    probe_s = estimate_probe_s(own.layouts, basis.machine)
    lay_out = partial(_lay_out, wanted, plan=plan, seed=basis.heading.order_seed)

    def begin(timed: Timed) -> Beginning:
        def estimate_s(laid: Laid) -> float:
            tuning, space = laid
            request = request_stage(basis.request, tuning)
            return estimate_tuning_s(
                request, len(space.arms), len(tuning.knobs), len(own.cells), timed, probe_s=probe_s
            )

        if wanted.knobs:
            laid = lay_out(merge_knobs(wanted.knobs))
        else:
            suggested = _suggest(basis, own, wanted.aim)
            laid = _choose_suggested(suggested, lay_out, lambda laid: estimate_s(laid) <= wanted.budget_s)
        tuning, space = laid
        least_s = estimate_s(laid)
        _require_time(least_s, wanted.budget_s, len(space.arms) + 1)
        decision = decide_stage(basis, tuning, [catalogue] * len(tuning.arms), timed)
        return Beginning(decision, space, least_s, timed=bool(timed))

    beginning = begin(())  # what is wrong or too much by the policy alone is refused before anything runs
    return beginning if time_cells is None else begin(time_cells(decide_own(basis, own)))


def prepare_check(
    options: RunOptions, wanted: TuneOptions, path: Path, output: Path, time_cells: TimeCells | None = None
) -> Beginning:
    """Return the only stage of a check: a profile's file beside the profile that would be used without it.

    Args:
        options: Which cases, with which profile; the aim decides the layout.
        wanted: What is to be best, and how long the check may take.
        path: The file.
        output: The folder for results.
        time_cells: As in `prepare_tuning`.

    Raises:
        UsageError: the file is wrong, or there is less time than the least.
        ProfileError: it does not fit this machine.
    """
    basis = find_basis(options, wanted.aim, output)
    checked = load_profile(path)
    settings: Settings = {"profile": path.name}
    if basis.replaced:  # what the base lacks is no reason to measure another profile than the file's
        settings |= {"openmp": checked.openmp.value, "allocator": checked.allocator.value}
    tuning = Tuning(
        aim=wanted.aim,
        limit=wanted.limit,
        budget_s=wanted.budget_s,
        knobs=tuple(Knob(name=name, values=(value,)) for name, value in settings.items()),
        points=2,
        unfit=0,
        stage="check",
        arms=({}, settings),
    )
    catalogues = [find_catalogue(basis, output, profile) for profile in (basis.profile, checked)]

    def begin(timed: Timed) -> Beginning:
        decision = decide_stage(basis, tuning, catalogues, timed)
        _require_time(decision.plan.estimate_s, wanted.budget_s, len(tuning.arms))
        return Beginning(decision, None, decision.plan.estimate_s, timed=bool(timed))

    beginning = begin(())
    if time_cells is None:
        return beginning
    return begin(time_cells(decide_own(basis, plan_arm(basis, catalogues[0], {}).plan)))


def continue_after(
    verification: Verification, tuning: Tuning, output: Path, sources: tuple[LocatedSource, ...] = ()
) -> Decision:
    """Return what the stage after that of a bundle measures.

    Args:
        verification: Of the bundle; its run was on this machine.
        tuning: The stage that follows.
        output: The folder for results.
        sources: Of workloads that the user brings, as they lie here.

    Raises:
        UsageError: the bundle does not say what was asked for, or a source of its workloads is missing.
        NotComparableError: this is another machine, or another bench.
    """
    contents, plan = verification.contents, verification.contents.plan
    if contents.request is None:
        raise UsageError(f"run {contents.info.run_id} does not say what was asked for, so no stage can follow it")
    if plan.sources and not sources:
        raise UsageError(
            f"run {contents.info.run_id} measured a model of your own, which no stage after its bundle can find; "
            "begin the search again"
        )
    machine = detect(HOST)
    require_same_machine(contents.info.run_id, contents.machine, machine, contents.environment.source_digest)
    basis = Basis(contents.request, machine, contents.profile, plan.heading, sources)
    return decide_stage(basis, tuning, [find_catalogue(basis, output)] * len(tuning.arms), list_timed(contents))


def _require_time(estimate_s: float, budget_s: float, arms: int) -> None:
    """Refuse what cannot end in time.

    Raises:
        UsageError: so many arms take longer at least.
    """
    if estimate_s > budget_s:
        raise UsageError(
            f"--budget {format_duration(budget_s)} is less than the {format_duration(estimate_s)} that "
            f"{arms} arms take at least; raise it{', or give fewer values with --knob' if arms > 2 else ''}"
        )


def _choose_suggested(
    suggested: Sequence[Knob], lay_out: Callable[[Sequence[Knob]], Laid], is_short: Callable[[Laid], bool]
) -> Laid:
    """Return the first stage with as many suggested knobs as the time allows, and as can race without a sampler here.

    Those that matter most come first.
    """
    for count in range(len(suggested), 1, -1):
        try:
            laid = lay_out(suggested[:count])
        except SamplerMissingError:
            continue
        if is_short(laid):
            return laid
    return lay_out(suggested[:1])


def _lay_out(wanted: TuneOptions, knobs: Sequence[Knob], *, plan: PlanArm, seed: int) -> Laid:
    """Return the first stage of a search in the space of some knobs."""
    space = build_space(knobs, plan, partial(sample_settings, seed=seed), ARMS_MAX)
    search = Search(
        aim=wanted.aim,
        limit=wanted.limit,
        budget_s=wanted.budget_s,
        knobs=tuple(knobs),
        points=space.points,
        unfit=len(space.unfit),
        sampler=name_sampler() if space.sampled else None,
    )
    return begin_tuning(search, space.arms), space


def _suggest(basis: Basis, own: Plan, aim: AimName) -> tuple[Knob, ...]:
    """Return the knobs to try where the user names none."""
    openmp, allocators = _find_installed(own.layouts[0].runtime)
    return suggest_knobs(own, aim, openmp, allocators, smt=basis.machine.topology.smt_active)


def _find_installed(runtime: Runtime) -> tuple[list[str], list[str]]:
    """Return the OpenMP runtimes and the allocators that are installed, beside one that is."""
    openmp: list[str] = [name for name in OPENMP_RUNTIMES if _is_installed(replace(runtime, openmp=name))]
    allocators: list[str] = [name for name in ALLOCATORS if _is_installed(replace(runtime, allocator=name))]
    return openmp, allocators


def _is_installed(runtime: Runtime) -> bool:
    try:
        find_preloads(runtime)
    except EnvironmentUnfitError:
        return False
    return True
