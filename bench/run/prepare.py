"""Detect, resolve, plan: every decision before anything is measured."""

import os
import secrets
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec

from bench.backends.registry import why_not_installed
from bench.hardware.detect import HOST, detect
from bench.hardware.memory_limits import read_memory_limits
from bench.hardware.tree import Tree
from bench.launch.libraries import find_preloads
from bench.launch.plan import plan_run
from bench.profiles.load import find_profile, load_profiles
from bench.profiles.match import choose_profile, require_profile
from bench.profiles.overrides import Overrides
from bench.profiles.resolve import resolve_layouts
from bench.profiles.variables import variables_for
from bench.records.bundle import Citation, Environment
from bench.records.case import Case
from bench.records.machine import Machine
from bench.records.plan import Plan, Policy, Refusal
from bench.records.profile import Choice, Layout, Profile
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.suite import Suite
from bench.records.variant import VariantName
from bench.run.facilities import Facilities
from bench.run.options import RunOptions
from bench.suites.expand import expand_suite
from bench.suites.load import find_suite, identify_suite
from bench.workloads.registry import WORKLOADS
from bench.workloads.validity import why_not

RESULTS = Path("results")
"""The folder for results, if the user names none."""

REPETITIONS_MOST = 100
"""Repetitions of a cell at most, if the user sets the interval and not their number."""


class Decision(Record, frozen=True, kw_only=True):
    """The decisions of a run: the detected machine, the profile, and the plan.

    Attributes:
        environments: The software of each side of an `ab` run that has its own interpreter.
        cites: The run that this one reproduces.
    """

    machine: Machine
    profile: Profile
    plan: Plan
    environments: dict[VariantName, Environment] = msgspec.field(default_factory=dict)
    cites: Citation | None = None


def prepare_run(options: RunOptions, root: Path = HOST, *, output: Path = RESULTS) -> Decision:
    """Decide everything, and measure nothing.

    Args:
        options: Of the user.
        root: This host's, or that of a recorded machine: the plan is then for it, and not for this host.
        output: The folder for results.

    Raises:
        UsageError: an unknown name, or filters that leave nothing.
        ProfileError: the profile does not fit this machine.
        EnvironmentUnfitError: the machine cannot do what is asked, or lacks a library that the profile wants.
    """
    suite = find_suite(options.suite, WORKLOADS)
    machine = detect(root)
    facilities = find_facilities(output) if root == HOST else None
    cases, refused = choose_cases(suite, options, machine, facilities)
    decision = decide(suite, options, machine, cases, refused)
    if root == HOST:
        # A library that is not installed is an error now, not after the first worker.
        find_preloads(decision.plan.layouts[0].runtime)
    return decision


def find_facilities(output: Path) -> Facilities:
    """Return what this environment has for cases, with results in a folder."""
    return Facilities(output, read_memory_limits(Tree(HOST)), parent=os.environ)


def choose_cases(
    suite: Suite, options: RunOptions, machine: Machine, facilities: Facilities | None
) -> tuple[tuple[Case, ...], tuple[Refusal, ...]]:
    """Return the supported cases that are asked for, and the unsupported ones with their reasons.

    Args:
        suite: The cases.
        options: Of the user.
        machine: Where the run is.
        facilities: What cases find there; None where that is not this host.

    Raises:
        UsageError: an unknown name, or filters that leave nothing.
    """
    return expand_suite(
        suite,
        options.wanted,
        workloads=WORKLOADS,
        architecture=machine.cpu.architecture,
        why_not=partial(why_not_available, facilities=facilities),
    )


def decide(
    suite: Suite, options: RunOptions, machine: Machine, cases: Sequence[Case], refused: Sequence[Refusal]
) -> Decision:
    """Decide how some cases are measured.

    Args:
        suite: Gives the layouts and the policy, where the options do not.
        options: Of the user.
        machine: Where the run is.
        cases: To be measured, in the order of the results.
        refused: Asked for and unsupported.

    Raises:
        ProfileError: the profile does not fit this machine.
        EnvironmentUnfitError: the machine cannot do what is asked.
    """
    profile, choice = select_profile(options.profile, machine, force=options.force)
    layouts = choose_layouts(options, suite, profile, machine)
    runtime = layouts[0].runtime
    name, digest = identify_suite(options.suite)
    plan = plan_run(
        suite=name,
        suite_digest=digest,
        cases=cases,
        refused=refused,
        units={name: facts.unit for name, facts in WORKLOADS.items()},
        layouts=layouts,
        variables=variables_for(profile, runtime),
        choice=choice,
        policy=override_policy(suite.policy, options),
        order_seed=secrets.randbits(32) if options.seed is None else options.seed,
        machine=machine,
        scenario=suite.scenario,
    )
    return Decision(machine=machine, profile=profile, plan=plan)


def choose_layouts(options: RunOptions, suite: Suite, profile: Profile, machine: Machine) -> tuple[Layout, ...]:
    """Return the layouts that the user or else the suite wants, on this machine.

    Raises:
        UsageError: an override that this machine's cores cannot satisfy.
        EnvironmentUnfitError: an override beyond what may be used here.
    """
    overrides = Overrides(
        instances=options.instances,
        threads=options.threads,
        cpus=options.cpus,
        memory_nodes=options.memory_nodes,
        openmp=options.openmp,
        allocator=options.allocator,
    )
    return resolve_layouts(profile, machine, options.layouts or suite.layouts, overrides)


def prepare_layouts(options: RunOptions, root: Path = HOST) -> tuple[Layout, ...]:
    """Decide only the layouts of a run: a container is limited to their CPUs before the run starts in it.

    Raises:
        UsageError: an unknown name.
        ProfileError: the profile does not fit this machine.
        EnvironmentUnfitError: the machine cannot do what is asked.
    """
    machine = detect(root)
    profile, _ = select_profile(options.profile, machine, force=options.force)
    return choose_layouts(options, find_suite(options.suite, WORKLOADS), profile, machine)


def why_not_available(case: Case, facilities: Facilities | None) -> Reason | None:
    """Return why a case is not supported, or not with what is installed and found here; None if it is."""
    reason = why_not(case) or why_not_installed(case.backend)
    return reason if reason is not None or facilities is None else facilities.why_not(case)


def select_profile(name: str, machine: Machine, *, force: bool) -> tuple[Profile, Choice]:
    """Return the named profile, or for `auto` the most specific that fits.

    Raises:
        ProfileError: it does not fit and is not forced; or none fits.
    """
    profiles = load_profiles()
    if name == "auto":
        choice = choose_profile(profiles, machine)
        return profiles[choice.name], choice
    profile = find_profile(name)
    return profile, require_profile(profile, machine, force=force, profiles=profiles)


def override_policy(policy: Policy, options: RunOptions) -> Policy:
    """Return the suite's policy, with the user's values where they give any."""
    changes: dict[str, float | int | None] = {}
    if options.budget_s is not None:
        changes |= {"budget_s": options.budget_s, "aim_s": None}  # the user's time replaces the suite's
    if options.target_ci_ratio is not None:
        # Repetitions then end by this interval or by time, not by the number that is enough for the suite's interval.
        changes |= {
            "target_ci_ratio": options.target_ci_ratio,
            "repetitions_max": max(policy.repetitions_max, REPETITIONS_MOST),
        }
    if options.timeout_s is not None:
        changes["timeout_s"] = options.timeout_s
    if options.repetitions is not None:
        changes["repetitions_min"], changes["repetitions_max"] = options.repetitions
    return msgspec.structs.replace(policy, **changes)
