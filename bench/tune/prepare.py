"""Decide what a stage of a tuning measures: from the user's options for the first, from the one before for the others."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import NamedTuple

from msgspec.structs import replace

from bench.errors import EnvironmentUnfitError, UsageError
from bench.hardware.detect import HOST, detect
from bench.launch.libraries import find_preloads
from bench.launch.plan import WORKER_ARGV
from bench.measure.energy import why_no_energy
from bench.planning.arms import plan_arms, read_settings
from bench.planning.pairs import Side, plan_pairs
from bench.planning.plan import Catalogue, Planned, choose_cases, select_profile
from bench.profiles.load import load_profile
from bench.records.machine import Machine
from bench.records.plan import Plan, PlanHeading
from bench.records.profile import ALLOCATORS, OPENMP_RUNTIMES, LayoutName, Profile, Runtime
from bench.records.reason import Reason, UnsupportedError
from bench.records.record import Record
from bench.records.request import Request, is_file
from bench.records.tuning import AimName, Knob, Limit, Search, Settings, Tuning
from bench.report.units import format_duration
from bench.run.continuity import require_same_machine
from bench.run.options import RunOptions
from bench.run.prepare import (
    Decision,
    find_facilities,
    make_heading,
    make_request,
    read_catalogue,
    replace_missing_libraries,
    without_folders,
)
from bench.tune.sampler import SamplerMissingError, name_sampler, sample_settings
from bench.tune.space import ARMS_MAX, PlanArm, Space, build_space, merge_knobs, suggest_knobs
from bench.tune.stages import begin_tuning, estimate_tuning_s, request_stage
from bench.verification.verification import Verification

LAYOUT_OF: dict[AimName, LayoutName] = {
    "latency": "latency",
    "p99": "latency",
    "throughput": "throughput",
    "throughput-per-watt": "throughput",
}


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


class Basis(NamedTuple):
    """What all stages of a tuning have in common.

    Attributes:
        request: What was asked for; a stage adds how often and how long it measures.
        profile: Whose own settings are the base.
        heading: Of each stage's plan.
        replaced: Libraries that the profile prefers and this machine lacks.
    """

    request: Request
    machine: Machine
    profile: Profile
    heading: PlanHeading
    replaced: tuple[Reason, ...] = ()


Laid = tuple[Tuning, Space]
"""The first stage of a search, and its space."""


class Beginning(NamedTuple):
    """The first stage, and what a user must know of the whole before it begins.

    Attributes:
        estimate_s: Seconds that the whole takes at least.
    """

    decision: Decision
    space: Space | None
    estimate_s: float


def prepare_tuning(options: RunOptions, wanted: TuneOptions, output: Path) -> Beginning:
    """Return the first stage of a search.

    Args:
        options: Which cases, with which profile; the aim decides the layout.
        wanted: What to find.
        output: The folder for results.

    Raises:
        UsageError: an unknown knob or value, nothing to tune, or less time than the least.
        EnvironmentUnfitError: the machine cannot do what is asked, or Optuna is missing.
    """
    basis = _find_basis(options, wanted.aim, output)
    plan_arm = partial(_plan_arm, basis, _catalogue(basis.profile, output))
    own = plan_arm({}).plan
    knobs = merge_knobs(wanted.knobs)
    lay_out = partial(_lay_out, wanted, plan_arm=plan_arm, seed=basis.heading.order_seed)
    estimate = partial(_estimate_s, basis.request, own)
    if knobs:
        tuning, space = lay_out(knobs)
    else:
        installed = _find_installed(own.layouts[0].runtime)
        suggested = suggest_knobs(own, wanted.aim, *installed, smt=basis.machine.topology.smt_active)
        tuning, space = _choose_suggested(suggested, lay_out, lambda laid: estimate(*laid) <= wanted.budget_s)
    estimate_s = estimate(tuning, space)
    if estimate_s > wanted.budget_s:
        raise UsageError(
            f"--budget {format_duration(wanted.budget_s)} is less than the {format_duration(estimate_s)} that "
            f"{len(space.arms) + 1} arms take at least; raise it, or give fewer values with --knob"
        )
    return Beginning(_decide(basis, tuning, [_catalogue(basis.profile, output)] * len(tuning.arms)), space, estimate_s)


def prepare_check(options: RunOptions, wanted: TuneOptions, path: Path, output: Path) -> Beginning:
    """Return the only stage of a check: a profile's file beside the profile that would be used without it.

    Raises:
        UsageError: the file is wrong.
        ProfileError: it does not fit this machine.
    """
    basis = _find_basis(options, wanted.aim, output)
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
    decision = _decide(basis, tuning, [_catalogue(profile, output) for profile in (basis.profile, checked)])
    return Beginning(decision, None, decision.plan.estimate_s)


def continue_after(verification: Verification, tuning: Tuning, output: Path) -> Decision:
    """Return what the stage after that of a bundle measures.

    Args:
        verification: Of the bundle; its run was on this machine.
        tuning: The stage that follows.
        output: The folder for results.

    Raises:
        UsageError: the bundle does not say what was asked for.
        NotComparableError: this is another machine, or another bench.
    """
    contents, machine = verification.contents, detect(HOST)
    if contents.request is None:
        raise UsageError(f"run {contents.info.run_id} does not say what was asked for, so no stage can follow it")
    require_same_machine(contents.info.run_id, contents.machine, machine, contents.environment.source_digest)
    basis = Basis(contents.request, machine, contents.profile, contents.plan.heading)
    return _decide(basis, tuning, [_catalogue(basis.profile, output)] * len(tuning.arms))


def _find_basis(options: RunOptions, aim: AimName, output: Path) -> Basis:
    """Return what the user asks for, on this machine, with the profile's own settings.

    Raises:
        UnsupportedError: the aim needs a counter that cannot be read here.
    """
    reason = why_no_energy() if aim == "throughput-per-watt" else None
    if reason is not None:
        raise UnsupportedError(f"--for {aim} needs the energy of the CPU packages", [reason])
    request, machine = make_request(replace(options, layouts=(LAYOUT_OF[aim],))), detect(HOST)
    catalogue = read_catalogue(find_facilities(output))
    request, replaced = replace_missing_libraries(request, machine, catalogue)
    profile, _ = select_profile(request, machine, catalogue)
    return Basis(without_folders(request), machine, profile, make_heading(options), replaced)


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


def _lay_out(wanted: TuneOptions, knobs: Sequence[Knob], *, plan_arm: PlanArm, seed: int) -> Laid:
    """Return the first stage of a search in the space of some knobs."""
    space = build_space(knobs, plan_arm, partial(sample_settings, seed=seed), ARMS_MAX)
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


def _estimate_s(request: Request, own: Plan, tuning: Tuning, space: Space) -> float:
    """Return the least seconds of a search, with a plan of the profile's own settings."""
    return estimate_tuning_s(request_stage(request, tuning), len(space.arms), len(tuning.knobs), len(own.cells))


def _decide(basis: Basis, tuning: Tuning, catalogues: Sequence[Catalogue]) -> Decision:
    """Return what a stage measures; an arm whose library is not installed is an error now."""
    request = request_stage(basis.request, tuning)
    profile, plan = plan_pairs(
        request,
        [Side(options=read_settings(settings), argv=WORKER_ARGV) for settings in tuning.arms],
        basis.machine,
        catalogues,
        basis.heading,
    )
    for runtime in {cell.runtime for cell in plan.cells}:
        find_preloads(runtime)
    return Decision(
        machine=basis.machine, profile=profile, plan=plan, request=request, tuning=tuning, replaced=basis.replaced
    )


def _plan_arm(basis: Basis, catalogue: Catalogue, settings: Settings) -> Planned:
    """Plan one arm alone, or raise why this machine cannot run it in all cases that are asked for."""
    planned = plan_arms(basis.request, [settings], basis.machine, catalogue, basis.heading)
    cases, _ = choose_cases(basis.request, basis.machine, catalogue)
    if len(planned.plan.cells) != len(cases):
        raise UsageError(f"only {len(planned.plan.cells)} of the {len(cases)} cases can be run with it")
    find_preloads(planned.plan.cells[0].runtime)
    return planned


def _catalogue(profile: Profile, output: Path) -> Catalogue:
    """Return what there is to choose from, where a file is the profile that was read from it."""
    found = read_catalogue(find_facilities(output))

    def find(name: str) -> Profile:
        return profile if is_file(name) and PurePath(name).stem == profile.name else found.find_profile(name)

    return found._replace(find_profile=find)


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
