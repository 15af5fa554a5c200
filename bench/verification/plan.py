"""Check a plan against its profile and its machine: what holds of every plan, whichever bench made it.

Only definitions of the records are used (`bench.records.plan`, `bench.records.profile`), which never change within a
schema. What follows from the program's own rules and data is the matter of `bench.verification.replay`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from bench.errors import BundleError
from bench.profiles.match import describe_misfit, why_not
from bench.records.bundle import Contents
from bench.records.cpulist import parse_cpumask
from bench.records.machine import Machine
from bench.records.plan import Cell, Plan, format_cell_id
from bench.records.profile import Binding, Choice, Layout, Profile
from bench.records.variant import VariantName

_SWITCH = re.compile(r"-[BEIPSsu]{1,7}", re.ASCII)
"""Of the interpreter: what isolates it, and nothing that runs other code."""

_WORKER = ("-m", "bench.worker")

Sides = Mapping[VariantName | None, tuple[Profile, tuple[Layout, ...], Mapping[str, str]]]
"""Side of a pair, or None → its profile, its layouts, and its own variables."""


def check_plan(contents: Contents) -> None:
    """Refuse a plan that contradicts its profile, its machine or itself.

    Raises:
        BundleError: says what contradicts what.
    """
    plan, machine = contents.plan, contents.machine
    hidden = "firmware.system_vendor" in contents.hidden
    _check_choice(contents.profile, plan.profile, machine, hidden=hidden)
    for variant in plan.variants:
        if variant.profile is not None and variant.choice is not None:
            _check_choice(variant.profile, variant.choice, machine, hidden=hidden)
    sides = _find_sides(contents)
    for profile, layouts, _ in sides.values():
        _check_layouts(layouts, profile, machine)
    _check_commands(plan)
    for index, cell in enumerate(plan.cells):
        _check_cell(index, cell, sides)
    _check_environments(plan.cells, sides)
    _check_refused(plan)
    _check_request(contents)


def _find_sides(contents: Contents) -> Sides:
    plan = contents.plan
    if not plan.variants:
        return {None: (contents.profile, plan.layouts, {})}
    return {
        variant.name: (variant.profile or contents.profile, variant.layouts or plan.layouts, variant.variables)
        for variant in plan.variants
    }


def _check_choice(profile: Profile, choice: Choice, machine: Machine, *, hidden: bool) -> None:
    """Evaluate the profile's own rule on the machine. Of a redacted bundle nobody can tell who made the machine."""
    if choice.name != profile.name:
        raise BundleError(f"the plan chose profile {choice.name!r}, not {profile.name!r}")
    if choice.forced != (choice.name in choice.why_not):
        raise BundleError(
            f"profile {profile.name}: a chosen profile has a reason against it if and only if it was forced"
        )
    unknown = hidden and profile.match.system_vendor is not None
    known = replace(profile, match=replace(profile.match, system_vendor=None)) if unknown else profile
    misfit = why_not(known, machine)
    if misfit is not None and not choice.forced:
        raise BundleError(
            f"profile {profile.name} does not fit the machine, and was not forced: it {describe_misfit(misfit):.400}"
        )
    if misfit is None and choice.forced and not unknown:
        raise BundleError(f"profile {profile.name} is said to be forced, but it fits the machine")


def _check_layouts(layouts: Sequence[Layout], profile: Profile, machine: Machine) -> None:
    names = [layout.name for layout in layouts]
    if len(set(names)) != len(names):
        raise BundleError(f"the plan has layouts {', '.join(names)}; it may have one of each name")
    allowed = machine.topology.allowed_cpus
    for layout in layouts:
        where = f"layout {layout.name}"
        if layout.name != "throughput" and len(layout.instances) != 1:
            raise BundleError(f"{where} has {len(layout.instances)} instances; it is one by definition")
        if layout.name == "single_core" and layout.instances[0].threads != 1:
            raise BundleError(f"{where} has {layout.instances[0].threads} threads; it is one by definition")
        _check_bindings(layout.instances, allowed, where)
        _check_runtime(layout, profile, where)
        _check_overridden(layout, where)


def _check_bindings(bindings: Sequence[Binding], allowed: str, where: str) -> None:
    usable, seen = _parse(allowed), 0
    for binding in bindings:
        cpus = _parse(binding.cpus)
        if not cpus or cpus & ~usable:
            raise BundleError(f"{where} is bound to CPUs {binding.cpus or 'none':.200}; the run may use {allowed:.200}")
        if cpus & seen:
            raise BundleError(f"{where} has two instances on one of the CPUs {binding.cpus:.200}")
        seen |= cpus
        if binding.threads > cpus.bit_count():
            raise BundleError(f"{where} has {binding.threads} threads on CPUs {binding.cpus:.200}: more than one each")


def _check_runtime(layout: Layout, profile: Profile, where: str) -> None:
    options = _options(layout)
    for role, found, decided in (
        ("openmp", layout.runtime.openmp, profile.openmp.value),
        ("allocator", layout.runtime.allocator, profile.allocator.value),
    ):
        wanted = options.get(f"--{role}", decided)
        if found != wanted:
            raise BundleError(
                f"{where} has {role} {found}; profile {profile.name} and the options give {wanted!r:.200}"
            )


def _check_overridden(layout: Layout, where: str) -> None:
    """Refuse bindings that differ from what the user asked for in place of the profile's."""
    bindings, options = layout.instances, _options(layout)
    found = {"--instances": [str(len(bindings))]}
    if "--threads" in options:
        found["--threads"] = [str(binding.threads) for binding in bindings]
    if "--memory-nodes" in options:
        found["--memory-nodes"] = [binding.memory_nodes for binding in bindings]
    if "--cpus" in options:
        named = _parse(options["--cpus"])
        found["--cpus"] = [binding.cpus for binding in bindings if _parse(binding.cpus) & ~named]
    for name, value in options.items():
        other = next((given for given in found.get(name, ()) if given != value), None)
        if other is not None:
            raise BundleError(f"{where} was planned with {name} {value!r:.200}, but has {other:.200}")


def _options(layout: Layout) -> dict[str, str]:
    """Return the user's options by name."""
    return {name: value for name, _, value in (option.partition(" ") for option in layout.overridden)}


def _check_commands(plan: Plan) -> None:
    """Refuse a command that is not a worker's of bench, in the interpreter of the run or of a side."""
    python, *words = plan.argv or ("",)
    switches = words[: -len(_WORKER)]
    if python != "python" or tuple(words[-len(_WORKER) :]) != _WORKER or not all(map(_SWITCH.fullmatch, switches)):
        raise BundleError(f"the plan's workers run {' '.join(plan.argv)!r:.200}; bench's run python -m bench.worker")
    for variant in plan.variants:
        own = variant.image is not None or variant.argv == plan.argv
        if not own and variant.argv[1:] != plan.argv[1:]:  # a home folder is cut from the path before it
            raise BundleError(
                f"variant {variant.name} runs {' '.join(variant.argv)!r:.200}; "
                f"it may run another interpreter, by its path, with {' '.join(plan.argv[1:])}"
            )


def _check_cell(index: int, cell: Cell, sides: Sides) -> None:
    """Refuse a cell that has not what its layout, its case and its profile give it."""
    wanted = format_cell_id(index, cell.case, cell.layout)
    if cell.id != wanted:
        raise BundleError(f"cell {index} of the plan is called {cell.id}; its case and layout give {wanted}")
    if cell.variant not in sides:
        return  # `bench.bundle.variants` says so
    _, layouts, _ = sides[cell.variant]
    layout = next((layout for layout in layouts if layout.name == cell.layout), None)
    if layout is None:
        raise BundleError(f"cell {cell.id} is in layout {cell.layout}, which the plan does not have")
    if cell.instances != layout.instances:
        raise BundleError(
            f"cell {cell.id} is bound to CPUs {_describe(cell.instances):.200}; its layout to {_describe(layout.instances):.200}"
        )
    if cell.runtime != layout.runtime:
        raise BundleError(
            f"cell {cell.id} has {cell.runtime.openmp} and {cell.runtime.allocator}; "
            f"its layout has {layout.runtime.openmp} and {layout.runtime.allocator}"
        )


def _check_environments(cells: Iterable[Cell], sides: Sides) -> None:
    """Refuse cells of one side that differ in environment or scenario: both are of the plan, not of a cell."""
    first: dict[VariantName | None, Cell] = {}
    for cell in cells:
        if cell.variant not in first:
            first[cell.variant] = cell
            _check_environment(cell, sides)
        one = first[cell.variant]
        for field in ("environment", "scenario"):
            if getattr(cell, field) != getattr(one, field):
                raise BundleError(f"cells {one.id} and {cell.id} differ in {field}, which is the same for a whole plan")


def _check_environment(cell: Cell, sides: Sides) -> None:
    """Refuse a variable of the profile with another value, unless it is the side's own."""
    if cell.variant not in sides:
        return
    profile, _, variables = sides[cell.variant]
    for setting in profile.environment:
        found = cell.environment.get(setting.name, setting.value)
        if found != setting.value and setting.name not in variables:
            raise BundleError(
                f"cell {cell.id} has {setting.name}={found!r:.200}; profile {profile.name} has {setting.value!r}"
            )


def _check_refused(plan: Plan) -> None:
    """Refuse a case that is both measured and said to be unsupported. Sides of pairs may be, each in another pair."""
    if plan.variants or not plan.refused:
        return
    planned = {repr(cell.case) for cell in plan.cells}
    for refusal in plan.refused:
        if repr(refusal.case) in planned:
            raise BundleError(f"a case of {refusal.case.workload} is both in the plan and refused as unsupported")


def _check_request(contents: Contents) -> None:
    """Refuse a plan of other layouts than the request names, and a profile that nobody asked to force."""
    request, plan = contents.request, contents.plan
    if request is None:
        return
    wanted = request.layouts or request.suite.layouts
    found = tuple(layout.name for layout in plan.layouts)
    if wanted != found:
        raise BundleError(f"layouts {', '.join(wanted)} were asked for, the plan has {', '.join(found)}")
    if plan.profile.forced and not request.force:
        raise BundleError(f"profile {plan.profile.name} is said to be forced, which nobody asked for")


def _describe(bindings: Sequence[Binding]) -> str:
    return " and ".join(binding.cpus for binding in bindings)


def _parse(cpus: str) -> int:
    try:
        return parse_cpumask(cpus)
    except ValueError as error:
        raise BundleError(str(error)) from error
