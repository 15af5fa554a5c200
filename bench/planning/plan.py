"""Plan a request on a machine, as pure functions. A run plans by them, and verification plans again."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from bench.backends.registry import why_not_on_cpu
from bench.launch.plan import plan_run
from bench.profiles.match import choose_profile, require_profile
from bench.profiles.overrides import Overrides
from bench.profiles.resolve import resolve_layouts
from bench.profiles.variables import variables_for
from bench.records.case import Case
from bench.records.cpulist import parse_cpulist
from bench.records.machine import Machine
from bench.records.plan import Plan, PlanHeading, Policy, Refusal
from bench.records.profile import Choice, Layout, Profile
from bench.records.reason import Reason
from bench.records.request import AUTO, Request
from bench.records.source import Source, find_problem
from bench.suites.expand import WhyNot, expand_suite
from bench.workloads.registry import known_workloads

REPETITIONS_MOST = 100
"""Repetitions of a cell at most, if the user sets the interval and not their number."""


FACILITY_CODES = frozenset(
    {
        "scratch_not_executable",
        "compiler_missing",
        "compiler_unfit",
        "compiler_without_openmp",
        "compiler_without_python",
        "memory_below_need",
    }
)
"""Codes of refusals that another environment would not make: such a case counts as one that failed."""


class Catalogue(NamedTuple):
    """What a request is planned with, besides the machine.

    Attributes:
        profiles: Those that come with bench, by name.
        find_profile: Returns the profile of a name, or of a path.
        why_not: Says which cases are supported with the packages that are installed.
        sources: Of workloads that the user brings.
    """

    profiles: Mapping[str, Profile]
    find_profile: Callable[[str], Profile]
    why_not: WhyNot
    sources: tuple[Source, ...] = ()


class Planned(NamedTuple):
    """A plan, and the profile that its layouts come from."""

    profile: Profile
    plan: Plan


def plan_request(
    request: Request,
    machine: Machine,
    catalogue: Catalogue,
    heading: PlanHeading,
) -> Planned:
    """Return the plan of a run.

    Args:
        request: What was asked for.
        machine: Where.
        catalogue: What there is to choose from.
        heading: Of the plan.

    Raises:
        UsageError: filters that leave nothing, or an override that this machine's cores cannot satisfy.
        ProfileError: the profile does not fit this machine.
        EnvironmentUnfitError: the machine cannot do what is asked.
    """
    cases, refused = choose_cases(request, machine, catalogue)
    return plan_cases(request, machine, catalogue, heading, cases=cases, refused=refused)


def choose_cases(
    request: Request, machine: Machine, catalogue: Catalogue
) -> tuple[tuple[Case, ...], tuple[Refusal, ...]]:
    """Return the supported cases that are asked for, and the unsupported ones with their reasons.

    Raises:
        UsageError: an unknown name, or filters that leave nothing.
    """
    return expand_suite(
        request.suite,
        request.wanted,
        workloads=known_workloads(catalogue.sources),
        architecture=machine.cpu.architecture,
        why_not=lambda case: find_problem(case, catalogue.sources) or why_not_here(case, machine, catalogue),
        sources=catalogue.sources,
    )


def why_not_here(case: Case, machine: Machine, catalogue: Catalogue) -> Reason | None:
    """Return why a case is not supported on a machine; None if it is.

    The CPU comes before packages: nobody should install an engine to learn that it does not run on their CPU.
    """
    return why_not_on_cpu(case, machine.cpu) or catalogue.why_not(case)


def plan_cases(
    request: Request,
    machine: Machine,
    catalogue: Catalogue,
    heading: PlanHeading,
    *,
    cases: Sequence[Case],
    refused: Sequence[Refusal],
) -> Planned:
    """Return the plan of some cases, in their order.

    Args:
        request: Gives the profile, the layouts and the policy; its filters have been applied.
        machine: Where.
        catalogue: What there is to choose from.
        heading: Of the plan.
        cases: To be measured.
        refused: Asked for and unsupported.

    Raises:
        UsageError: an override that this machine's cores cannot satisfy.
        ProfileError: the profile does not fit this machine.
        EnvironmentUnfitError: the machine cannot do what is asked.
    """
    profile, choice = select_profile(request, machine, catalogue)
    layouts = choose_layouts(request, profile, machine)
    plan = plan_run(
        heading,
        cases=cases,
        refused=refused,
        units={name: facts.unit for name, facts in known_workloads(catalogue.sources).items()},
        layouts=layouts,
        variables=variables_for(profile, layouts[0].runtime),
        choice=choice,
        policy=override_policy(request),
        machine=machine,
        scenario=request.suite.scenario or "closed_loop",
        sources=catalogue.sources,
    )
    return Planned(profile, plan)


def select_profile(request: Request, machine: Machine, catalogue: Catalogue) -> tuple[Profile, Choice]:
    """Return the named profile, or for `auto` the most specific that fits.

    Raises:
        ProfileError: it does not fit and is not forced; or none fits.
    """
    profiles = catalogue.profiles
    if request.profile == AUTO:
        choice = choose_profile(profiles, machine)
        return profiles[choice.name], choice
    profile = catalogue.find_profile(request.profile)
    return profile, require_profile(profile, machine, force=request.force, profiles=profiles)


def choose_layouts(request: Request, profile: Profile, machine: Machine) -> tuple[Layout, ...]:
    """Return the layouts that the user or else the suite wants, on this machine.

    Raises:
        UsageError: an override that this machine's cores cannot satisfy.
        EnvironmentUnfitError: an override beyond what may be used here.
    """
    overrides = Overrides(
        instances=request.instances,
        threads=request.threads,
        cpus=None if request.cpus is None else parse_cpulist(request.cpus),
        memory_nodes=None if request.memory_nodes is None else parse_cpulist(request.memory_nodes),
        openmp=request.openmp,
        allocator=request.allocator,
        siblings=request.siblings,
        instance_per=request.instance_per,
    )
    return resolve_layouts(profile, machine, request.layouts or request.suite.layouts, overrides)


def override_policy(request: Request) -> Policy:
    """Return the suite's policy, with the user's values where they give any."""
    policy = request.suite.policy
    changes: dict[str, float | int | None] = {}
    if request.budget_s is not None:
        changes |= {"budget_s": request.budget_s, "aim_s": None}  # the user's time replaces the suite's
    if request.target_ci_ratio is not None:
        # Repetitions then end by this interval or by time, not by the number that is enough for the suite's interval.
        changes |= {
            "target_ci_ratio": request.target_ci_ratio,
            "repetitions_max": max(policy.repetitions_max, REPETITIONS_MOST),
        }
    for name in ("timeout_s", "aim_s", "sample_s", "samples_min"):
        value = getattr(request, name)
        changes |= {} if value is None else {name: value}
    if request.repetitions is not None:
        changes["repetitions_min"], changes["repetitions_max"] = request.repetitions
    return msgspec.structs.replace(policy, **changes)
