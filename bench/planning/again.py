"""Plan the cells of a plan again, from its cases and layouts, and find where two plans differ."""

from collections.abc import Iterator
from itertools import chain

from bench.errors import BundleError
from bench.launch.plan import plan_run
from bench.profiles.variables import variables_for, why_not_variable
from bench.records.machine import Machine
from bench.records.plan import Plan
from bench.records.profile import Profile
from bench.workloads.registry import find_workload


def plan_again(plan: Plan, profile: Profile, machine: Machine) -> Plan:
    """Return the plan that this bench makes for the same cases, layouts, profile and policy.

    Args:
        plan: It has a cell and a layout at least.
        profile: Of the plan.
        machine: Where.

    Raises:
        UsageError: an unknown workload or scenario.
        UnsupportedError: the machine can run none of the cases.
        BundleError: the profile sets what none may.
    """
    runtime = plan.layouts[0].runtime
    for setting in profile.environment:
        reason = why_not_variable(setting, {profile.openmp.value, profile.allocator.value})
        if reason is not None:
            raise BundleError(f"its profile {profile.name} is not valid: {reason}")
    cases = tuple({repr(cell.case): cell.case for cell in plan.cells}.values())
    return plan_run(
        plan.heading,
        cases=cases,
        refused=plan.refused,
        units={case.workload: find_workload(case.workload, plan.sources).unit for case in cases},
        layouts=plan.layouts,
        variables=variables_for(profile, runtime),
        choice=plan.profile,
        policy=plan.policy,
        machine=machine,
        scenario=plan.cells[0].scenario,
        sources=plan.sources,
    )


def find_differences(stated: Plan, made: Plan) -> Iterator[str]:
    """Yield where two plans differ in what is run: fields of the plan, then of its cells."""
    if len(stated.cells) != len(made.cells):
        yield f"it has {len(stated.cells)} cells, wanted {len(made.cells)}"
        return
    plan_fields = (
        (name, getattr(stated, name), getattr(made, name))
        for name in stated.__struct_fields__
        if name not in {"cells", "estimate_s"}  # another version may estimate better
    )
    cell_fields = (
        (f"{stated_cell.id}.{name}", getattr(stated_cell, name), getattr(made_cell, name))
        for stated_cell, made_cell in zip(stated.cells, made.cells, strict=True)
        for name in stated_cell.__struct_fields__
    )
    for name, found, wanted in chain(plan_fields, cell_fields):
        if isinstance(found, dict) and isinstance(wanted, dict):
            yield from (
                f"{name} has {key} {_show(found.get(key))}, wanted {_show(wanted.get(key))}"
                for key in sorted(found.keys() | wanted.keys())
                if found.get(key) != wanted.get(key)
            )
        elif found != wanted:
            yield f"{name} is {_show(found)}, wanted {_show(wanted)}"


def _show(value: object) -> str:
    return f"{value!r:.200}"
