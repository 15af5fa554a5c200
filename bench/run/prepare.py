"""Detect, read files, plan: every decision before anything is measured."""

import os
import secrets
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePath

import msgspec

from bench.backends.registry import why_not_installed
from bench.hardware.detect import HOST, detect
from bench.hardware.memory_limits import read_memory_limits
from bench.hardware.tree import Tree
from bench.launch.libraries import find_preloads
from bench.planning.plan import Catalogue, choose_layouts, plan_request, select_profile
from bench.profiles.load import find_profile, load_profiles
from bench.records.bundle import Citation, Environment
from bench.records.case import Case
from bench.records.cpulist import format_cpulist
from bench.records.machine import Machine
from bench.records.plan import Plan, PlanHeading
from bench.records.profile import Layout, Profile
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.request import Request, is_file
from bench.records.source import LocatedSource, Source
from bench.records.tuning import Tuning
from bench.records.variant import VariantName
from bench.run.facilities import Facilities
from bench.run.options import RunOptions
from bench.run.replacement import replace_missing
from bench.run.sources import bring_sources
from bench.suites.load import find_suite, identify_suite
from bench.workloads.registry import WORKLOADS
from bench.workloads.validity import why_not

RESULTS = Path("results")
"""The folder for results, if the user names none."""


class Decision(Record, frozen=True, kw_only=True):
    """The decisions of a run: the detected machine, the profile, and the plan.

    Attributes:
        request: What was asked for; None for a reproduction, whose plan is another run's.
        environments: The software of each side of an `ab` run that has its own interpreter.
        cites: The run that this one reproduces.
        tuning: What the run is a stage of; None for any run but `tune`'s.
        replaced: Libraries that the profile prefers and this machine lacks, with what is used in their place.
        sources: The plan's, with where they lie.
    """

    machine: Machine
    profile: Profile
    plan: Plan
    request: Request | None = None
    environments: dict[VariantName, Environment] = msgspec.field(default_factory=dict)
    cites: Citation | None = None
    tuning: Tuning | None = None
    replaced: tuple[Reason, ...] = ()
    sources: tuple[LocatedSource, ...] = ()


def prepare_run(options: RunOptions, root: Path = HOST, *, output: Path = RESULTS) -> Decision:
    """Decide everything, and measure nothing.

    Args:
        options: Of the user.
        root: This host's, or that of a recorded machine: the plan is then for it, and not for this host.
        output: The folder for results.

    Raises:
        UsageError: an unknown name, or filters that leave nothing.
        ProfileError: the profile does not fit this machine.
        EnvironmentUnfitError: the machine cannot do what is asked, or lacks a library that the user wants, or the
            profile that the user named.
    """
    options, located = bring_sources(options, parent=os.environ, output=output)
    request = make_request(options)
    machine = detect(root)
    heading = make_heading(options)
    facilities = find_facilities(output) if root == HOST else None
    catalogue = read_catalogue(facilities, tuple(found.source for found in located))
    replaced: tuple[Reason, ...] = ()
    if root == HOST:
        request, replaced = replace_missing_libraries(request, machine, catalogue)
    profile, plan = plan_request(request, machine, catalogue, heading)
    if root == HOST:
        # A library that is not installed is an error now, not after the first worker.
        find_preloads(plan.layouts[0].runtime)
    return Decision(
        machine=machine,
        profile=profile,
        plan=plan,
        request=without_folders(request),
        replaced=replaced,
        sources=located,
    )


def replace_missing_libraries(
    request: Request, machine: Machine, catalogue: Catalogue
) -> tuple[Request, tuple[Reason, ...]]:
    """Return a request without libraries that this machine lacks, and what was replaced (`bench.run.replacement`).

    Raises:
        UsageError: an override that this machine's cores cannot satisfy.
        ProfileError: the profile does not fit this machine.
        EnvironmentUnfitError: the machine cannot do what is asked.
    """
    profile, _ = select_profile(request, machine, catalogue)
    layouts = choose_layouts(request, profile, machine)
    return replace_missing(request, layouts[0].runtime)


def prepare_layouts(options: RunOptions) -> tuple[Layout, ...]:
    """Decide only the layouts of a run: a container is limited to their CPUs before the run starts in it.

    Raises:
        UsageError: an unknown name.
        ProfileError: the profile does not fit this machine.
        EnvironmentUnfitError: the machine cannot do what is asked.
    """
    request = make_request(options)
    machine = detect()
    profile, _ = select_profile(request, machine, read_catalogue())
    return choose_layouts(request, profile, machine)


def make_request(options: RunOptions) -> Request:
    """Return what the options ask for; the suite is read from its file.

    Raises:
        UsageError: no such suite, or its file is wrong.
    """
    shared = [name for name in Request.__struct_fields__ if name in RunOptions.__struct_fields__]
    values = {name: getattr(options, name) for name in shared}
    values |= {
        name: format_cpulist(ids) for name in ("cpus", "memory_nodes") if (ids := getattr(options, name)) is not None
    }
    return Request(**values | {"suite": find_suite(options.suite, WORKLOADS)})


def without_folders(request: Request) -> Request:
    """Return a request as a bundle may hold it: the folder of a user's file is nobody's business."""
    if not is_file(request.profile):
        return request
    return msgspec.structs.replace(request, profile=f"./{PurePath(request.profile).stem}.toml")


def find_facilities(output: Path) -> Facilities:
    """Return what this environment has for cases, with results in a folder."""
    return Facilities(output, read_memory_limits(Tree(HOST)), parent=os.environ)


def read_catalogue(facilities: Facilities | None = None, sources: tuple[Source, ...] = ()) -> Catalogue:
    """Return what there is to choose from here.

    Args:
        facilities: What cases find here; None where the plan is not for this host.
        sources: Of workloads that the user brings.
    """
    why_not = partial(why_not_available, facilities=facilities, sources=sources)
    return Catalogue(profiles=load_profiles(), find_profile=find_profile, why_not=why_not, sources=sources)


def make_heading(options: RunOptions) -> PlanHeading:
    """Return the plan's heading: the suite's name and digest, and the user's seed or a new one.

    Raises:
        UsageError: the suite's file cannot be read.
    """
    seed = secrets.randbits(32) if options.seed is None else options.seed
    return PlanHeading(*identify_suite(options.suite), seed)


def why_not_available(case: Case, facilities: Facilities | None, sources: Sequence[Source] = ()) -> Reason | None:
    """Return why a case is not supported, or not with what is installed and found here; None if it is."""
    reason = why_not(case, sources) or why_not_installed(case.backend)
    return reason if reason is not None or facilities is None else facilities.why_not(case, sources)
