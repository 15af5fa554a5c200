"""Plan a bundle's run again, by the functions that planned it, and compare.

What follows so depends on this program's rules and data: how profiles are resolved and suites expanded, the profiles,
suites and workloads that come with it. So only a bundle that was made by this very source is planned again. Of any
other one it is said to be unchecked, and a bundle of an older bench stays intact for ever.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import PurePath

import msgspec

from bench import __version__
from bench.backends.registry import BACKENDS, find_backend
from bench.bundle.environment import normalize_name
from bench.bundle.source import own_source
from bench.errors import BenchError, BundleError
from bench.planning.again import find_differences, plan_again
from bench.planning.pairs import Side, VariantOptions, plan_pairs
from bench.planning.plan import FACILITY_CODES, Catalogue, Planned, plan_request
from bench.profiles.load import load_profiles
from bench.records.bundle import Contents
from bench.records.case import PHASES, Case
from bench.records.machine import Machine
from bench.records.plan import Plan
from bench.records.profile import Profile
from bench.records.reason import Reason
from bench.records.record import encode_json
from bench.records.request import Request, is_file
from bench.records.source import Source
from bench.records.suite import Suite
from bench.records.variant import Variant
from bench.suites.load import load_suites
from bench.verification.identity import check_identity
from bench.workloads.registry import WORKLOADS
from bench.workloads.validity import why_not

_REQUEST_BYTES = 1 << 18
"""As many as a suite's file may have (`bench.records.toml_file`)."""

_COMBINATIONS = 100_000
"""Of a suite; the suite full has a tenth of that."""

_CPUS, _FLAGS = 8192, 4096
"""More than any machine has (Linux, NR_CPUS): a hostile bundle cannot make planning take long."""

_shipped_profiles = cache(load_profiles)


@cache
def _shipped_suites() -> dict[str, Suite]:
    return load_suites(WORKLOADS)


def replay_plan(contents: Contents) -> tuple[Reason, ...]:
    """Plan a run again.

    Returns:
        What could not be checked, and why; empty if all was.

    Raises:
        BundleError: the plan does not follow from what the bundle says was asked for, and its machine.
    """
    found, own = contents.environment.source_digest, own_source()
    if found != own:
        values = {"version": contents.info.bench_version, "found": found, "own_version": __version__, "own": own}
        return (Reason(code="plan_of_another_bench", values=values),)
    if _is_too_large(contents):
        return (Reason(code="plan_too_large"),)
    check_identity(contents.machine.cpu)
    try:
        return _replay(contents)
    except BundleError:
        raise
    except BenchError as error:
        raise BundleError(f"its plan does not follow from what was asked for: {error}") from error


def _replay(contents: Contents) -> tuple[Reason, ...]:
    plan, request = contents.plan, contents.request
    if request is None:
        if plan.variants or not plan.cells or not plan.layouts:
            return (Reason(code="request_not_recorded"),)
        _compare(plan, plan_again(plan, contents.profile, contents.machine), "its cases")
        return (Reason(code="request_not_recorded" if contents.info.cites is None else "plan_of_cited_run"),)
    _check_suite(request, plan)
    hidden = "firmware.system_vendor" in contents.hidden
    planned = _plan(contents, request, hidden=hidden)
    stated = plan
    if hidden:  # the reasons against other profiles, and the choice among them, depend on the maker
        stated, planned = _without_choice(plan), Planned(planned.profile, _without_choice(planned.plan))
        _check_shipped(request, contents.profile)
    if planned.profile != contents.profile:
        raise BundleError(f"profile {contents.profile.name} is not the one that was asked for, or that fits best")
    _compare(stated, planned.plan, "what was asked for")
    return (Reason(code="maker_hidden"),) if hidden else ()


def _compare(stated: Plan, planned: Plan, source: str) -> None:
    for difference in find_differences(stated, planned):
        raise BundleError(f"its plan is not what bench makes of {source}: {difference}")


def _plan(contents: Contents, request: Request, *, hidden: bool) -> Planned:
    plan, machine = contents.plan, contents.machine
    if not plan.variants:
        catalogue = _catalogue(contents, contents.profile)
        if hidden:
            request = _name_recorded(request, contents.profile)
        return plan_request(request, machine, catalogue, plan.heading)
    return _plan_pairs(contents, request, machine, hidden=hidden)


def _plan_pairs(contents: Contents, request: Request, machine: Machine, *, hidden: bool) -> Planned:
    plan = contents.plan
    profiles = [variant.profile or contents.profile for variant in plan.variants]
    sides = list(map(_read_side, plan.variants))
    if hidden:
        request = _name_recorded(request, profiles[0])
        sides = [
            Side(options=msgspec.structs.replace(side.options, profile=_path_of(profile)), argv=side.argv)
            for side, profile in zip(sides, profiles, strict=True)
        ]
    planned = plan_pairs(
        request,
        sides,
        machine,
        [_catalogue(contents, profile) for profile in profiles],
        plan.heading,
    )
    # What a side's options were typed as is for people; `_read_side` has read them.
    variants = tuple(
        msgspec.structs.replace(made, options=stated.options)
        for made, stated in zip(planned.plan.variants, plan.variants, strict=True)
    )
    return Planned(planned.profile, msgspec.structs.replace(planned.plan, variants=variants))


def _read_side(variant: Variant) -> Side:
    """Return the options of a side, from how they were typed: the inverse of `VariantOptions.typed`."""
    values: dict[str, object] = {"variables": variant.variables, "stated": variant.image}
    typed = (option.removeprefix("--").partition(" ") for option in variant.options)
    values |= {name.replace("-", "_"): value for name, _, value in typed if name != "env"}
    try:
        options = msgspec.convert(values, VariantOptions, strict=False)  # numbers were typed as text
    except msgspec.ValidationError as error:
        raise BundleError(f"variant {variant.name} has options that bench does not have: {error}") from error
    return Side(options=options, argv=variant.argv)


def _name_recorded(request: Request, profile: Profile) -> Request:
    """Return a request for the very profile that was used, whether it fits or not."""
    return msgspec.structs.replace(request, profile=_path_of(profile), force=True)


def _path_of(profile: Profile) -> str:
    return f"./{profile.name}.toml"


def _catalogue(contents: Contents, recorded: Profile) -> Catalogue:
    """Return what there was to choose from: what ships with this bench, and the user's file as it was recorded."""
    shipped = _shipped_profiles()

    def find_profile(name: str) -> Profile:
        if is_file(name):
            if PurePath(name).stem != recorded.name:
                raise BundleError(f"profile {name} was asked for, but {recorded.name} was used")
            return recorded
        if name not in shipped:
            raise BundleError(f"profile {name} was asked for, which this bench does not have")
        return shipped[name]

    missing, sources = dict(_read_missing(contents)), contents.plan.sources
    # What the environment lacked is not in the bundle but for these reasons: they are taken as stated.
    lacking = {
        encode_json(refusal.case): refusal.reason
        for refusal in contents.plan.refused
        if refusal.reason.code in FACILITY_CODES
    }

    def why_not_there(case: Case) -> Reason | None:
        return why_not(case, sources) or missing.get(case.backend) or lacking.get(encode_json(case))

    return Catalogue(profiles=shipped, find_profile=find_profile, why_not=why_not_there, sources=sources)


def _read_missing(contents: Contents) -> Iterator[tuple[str, Reason]]:
    """Yield the backends that were refused for packages that were not installed, each with the reason."""
    installed = {normalize_name(distribution.name) for distribution in contents.environment.distributions}
    for refusal in contents.plan.refused:
        reason = refusal.reason
        if reason.code != "packages_missing":
            continue
        named = reason.values.get("packages", "").split(", ")
        if not set(named) <= set(find_backend(refusal.case.backend).packages):
            raise BundleError(
                f"backend {refusal.case.backend} is refused for lack of {', '.join(named)}; it needs others"
            )
        there = sorted(installed.intersection(named))
        if there:
            raise BundleError(
                f"backend {refusal.case.backend} is refused for lack of {', '.join(there)}; environment.json lists it"
            )
        yield refusal.case.backend, reason


def _check_suite(request: Request, plan: Plan) -> None:
    """Refuse another suite than the plan names, and a changed one under the name of one that ships with bench."""
    suite = request.suite
    if PurePath(plan.suite).stem != suite.name:
        raise BundleError(f"suite {suite.name} was asked for, the plan is of {plan.suite!r:.200}")
    if not is_file(plan.suite) and suite != _shipped_suites().get(plan.suite):
        raise BundleError(f"suite {plan.suite!r:.200} is not the one that comes with this bench")


def _check_shipped(request: Request, profile: Profile) -> None:
    """Refuse a changed profile under the name of one that ships with bench."""
    if not is_file(request.profile) and profile != _shipped_profiles().get(profile.name):
        raise BundleError(f"profile {profile.name} is not the one that comes with this bench")


def _without_choice(plan: Plan) -> Plan:
    """Return a plan without what depends on who made the machine."""
    choice = msgspec.structs.replace(plan.profile, reason=Reason(code="unknown"), forced=False, why_not={})
    variants = tuple(msgspec.structs.replace(variant, choice=None) for variant in plan.variants)
    return msgspec.structs.replace(plan, profile=choice, variants=variants)


def _is_too_large(contents: Contents) -> bool:
    """Return whether planning could take long: no honest run asks for so much."""
    topology, cpu = contents.machine.topology, contents.machine.cpu
    if len(topology.cores) > _CPUS or len(topology.nodes) > _CPUS or topology.cpu_count > _CPUS:
        return True
    profiles = (contents.profile, *(variant.profile for variant in contents.plan.variants))
    flags = max(len(cpu.isa), *(len(profile.match.isa) for profile in profiles if profile is not None))
    request = contents.request
    if flags > _FLAGS or request is None:
        return flags > _FLAGS
    return (
        len(encode_json(request)) > _REQUEST_BYTES or count_combinations(request, contents.plan.sources) > _COMBINATIONS
    )


def count_combinations(request: Request, sources: Iterable[Source] = ()) -> int:
    """Return how many cases a request can name at most, before duplicates and unsupported ones are left out."""
    total = 0
    workloads = len(WORKLOADS) + sum(len(source.workloads) for source in sources)
    for table in request.suite.cases:
        combinations = workloads * max(len(BACKENDS), len(request.wanted.backend)) * len(PHASES)
        lists = (
            (table.mode, request.wanted.mode),
            (table.precision, request.wanted.precision),
            (table.batch_size, request.wanted.batch_size),
            (table.memory_format, request.wanted.memory_format),
            (table.quant_engine, request.wanted.quant_engine),
            (table.group_size, request.wanted.group_size),
        )
        for listed, wanted in lists:
            combinations *= max(1, len(listed or ()), len(wanted))
        total += combinations
    return total
