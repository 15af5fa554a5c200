"""What all stages of a tuning have in common, and how a stage is planned on it."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from msgspec.structs import replace

from bench.errors import UsageError
from bench.hardware.detect import HOST, detect
from bench.launch.libraries import find_preloads
from bench.launch.plan import WORKER_ARGV, estimate_probe_s
from bench.measure.energy import why_no_energy
from bench.planning.arms import plan_arms, read_settings
from bench.planning.pairs import Side, plan_pairs
from bench.planning.plan import Catalogue, Planned, choose_cases, select_profile
from bench.records.machine import Machine
from bench.records.plan import Plan, PlanHeading
from bench.records.profile import LayoutName, Profile
from bench.records.reason import Reason, UnsupportedError
from bench.records.request import Request, is_file
from bench.records.source import LocatedSource
from bench.records.tuning import AimName, Settings, Tuning
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
from bench.run.sources import bring_sources
from bench.tune.estimate import Timed, estimate_stage_s
from bench.tune.stages import request_stage

LAYOUT_OF: dict[AimName, LayoutName] = {
    "latency": "latency",
    "p99": "latency",
    "throughput": "throughput",
    "throughput-per-watt": "throughput",
}


class Basis(NamedTuple):
    """What all stages of a tuning have in common.

    Attributes:
        request: What was asked for; a stage adds how often and how long it measures.
        profile: Whose own settings are the base.
        heading: Of each stage's plan.
        sources: Of workloads that the user brings, as they lie here.
        replaced: Libraries that the profile prefers and this machine lacks.
    """

    request: Request
    machine: Machine
    profile: Profile
    heading: PlanHeading
    sources: tuple[LocatedSource, ...] = ()
    replaced: tuple[Reason, ...] = ()


def find_basis(options: RunOptions, aim: AimName, output: Path) -> Basis:
    """Return what the user asks for, on this machine, with the profile's own settings.

    Raises:
        UsageError: an unknown name, or filters that leave nothing.
        UnsupportedError: the aim needs a counter that cannot be read here.
    """
    reason = why_no_energy() if aim == "throughput-per-watt" else None
    if reason is not None:
        raise UnsupportedError(f"--for {aim} needs the energy of the CPU packages", [reason])
    options, sources = bring_sources(options, parent=os.environ, output=output)
    request, machine = make_request(replace(options, layouts=(LAYOUT_OF[aim],))), detect(HOST)
    catalogue = read_catalogue(find_facilities(output), tuple(found.source for found in sources))
    request, replaced = replace_missing_libraries(request, machine, catalogue)
    profile, _ = select_profile(request, machine, catalogue)
    return Basis(without_folders(request), machine, profile, make_heading(options), sources, replaced)


def find_catalogue(basis: Basis, output: Path, profile: Profile | None = None) -> Catalogue:
    """Return what there is to choose from, where a file is the profile that was read from it.

    Args:
        basis: Of the search.
        output: The folder for results.
        profile: By default the one whose own settings are the base.
    """
    chosen = basis.profile if profile is None else profile
    found = read_catalogue(find_facilities(output), tuple(located.source for located in basis.sources))

    def find(name: str) -> Profile:
        return chosen if is_file(name) and PurePath(name).stem == chosen.name else found.find_profile(name)

    return found._replace(find_profile=find)


def plan_arm(basis: Basis, catalogue: Catalogue, settings: Settings) -> Planned:
    """Plan one arm alone, or raise why this machine cannot run it in all cases that are asked for."""
    planned = plan_arms(basis.request, [settings], basis.machine, catalogue, basis.heading)
    cases, _ = choose_cases(basis.request, basis.machine, catalogue)
    if len(planned.plan.cells) != len(cases):
        raise UsageError(f"only {len(planned.plan.cells)} of the {len(cases)} cases can be run with it")
    find_preloads(planned.plan.cells[0].runtime)
    return planned


def decide_own(basis: Basis, plan: Plan) -> Decision:
    """Return what a repetition of the profile's own settings needs.

    Args:
        basis: Of the search.
        plan: Of these settings alone.
    """
    return Decision(machine=basis.machine, profile=basis.profile, plan=plan, sources=basis.sources)


def decide_stage(basis: Basis, tuning: Tuning, catalogues: Sequence[Catalogue], timed: Timed = ()) -> Decision:
    """Return what a stage measures; an arm whose library is not installed is an error now.

    Args:
        basis: Of the search.
        tuning: The stage.
        catalogues: What there is to choose from for each arm.
        timed: Repetitions that were made here, for the estimate of the time.
    """
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
    probe_s = estimate_probe_s(plan.layouts, basis.machine)
    return Decision(
        machine=basis.machine,
        profile=profile,
        plan=replace(plan, estimate_s=estimate_stage_s(len(plan.cells), plan.policy, timed, probe_s=probe_s)),
        request=request,
        tuning=tuning,
        replaced=basis.replaced,
        sources=basis.sources,
    )
