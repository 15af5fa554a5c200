"""`bench reproduce`: prepare to run the plan of a bundle again on this machine.

A bundle may come from anyone, and its plan holds commands and variables. None of them is run directly. This bench
makes the plan again from its cases, profile and policy, and the two plans must be equal.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from bench.bundle.environment import describe_environment
from bench.bundle.image import describe_image
from bench.errors import BundleError, UsageError
from bench.hardware.detect import detect
from bench.launch.libraries import find_preloads
from bench.launch.plan import plan_run
from bench.profiles.variables import variables_for, why_not_variable
from bench.records.bundle import Citation, Contents, Environment
from bench.records.image import Image
from bench.records.machine import Machine
from bench.records.plan import Plan
from bench.records.reason import UnsupportedError
from bench.run.prepare import RESULTS, Decision, find_facilities, why_not_available
from bench.verification.verification import Verification
from bench.workloads.registry import find_workload


def look_here(root: Path = Path("/")) -> tuple[Machine, Environment, Image]:
    """Describe this machine, its software, and the image that both are in."""
    return detect(root), describe_environment(), describe_image()


def cite(verification: Verification) -> Citation:
    """Return how a bundle is named in the bundle that reproduces it."""
    return Citation(run_id=verification.contents.info.run_id, content_digest=verification.content_digest)


def prepare_reproduction(verification: Verification, machine: Machine, *, output: Path = RESULTS) -> Decision:
    """Decide to run a bundle's plan again.

    Args:
        verification: Of the bundle.
        machine: This machine; the plan's bindings must fit it.
        output: The folder for results.

    Raises:
        UsageError: the bundle holds two variants, or an unknown workload.
        BundleError: its plan is not what bench makes of its cases.
        EnvironmentUnfitError: a backend or a library is not installed.
    """
    contents = verification.contents
    plan = contents.plan
    if plan.variants:
        options = " ".join(
            option.replace(" ", f"-{variant.name} ", 1) for variant in plan.variants for option in variant.options
        )
        raise UsageError(
            f"run {contents.info.run_id} holds two variants, which are compared on any machine; "
            f"repeat the comparison with: bench ab --suite {plan.suite} {options}"
        )
    if not plan.cells or not plan.layouts:
        raise BundleError("its plan has no cells or no layouts; there is nothing to run")
    again = _plan_again(contents, machine)
    for difference in _differences(plan, again):
        raise BundleError(f"its plan is not what bench makes of its cases: {difference}; it is not run")
    facilities = find_facilities(output)
    for cell in plan.cells:
        reason = why_not_available(cell.case, facilities)
        if reason is not None:
            raise UnsupportedError(f"cell {cell.id} cannot be run here", [reason])
    for runtime in {cell.runtime for cell in plan.cells}:
        find_preloads(runtime)  # a library that is not installed is an error now, not after the first worker
    return Decision(machine=machine, profile=contents.profile, plan=again, cites=cite(verification))


def _plan_again(contents: Contents, machine: Machine) -> Plan:
    """Return the plan that this bench makes for the same cases, layouts, profile and policy."""
    plan, profile = contents.plan, contents.profile
    runtime = plan.layouts[0].runtime
    for setting in profile.environment:
        reason = why_not_variable(setting, {profile.openmp.value, profile.allocator.value})
        if reason is not None:
            raise BundleError(f"its profile {profile.name} is not valid: {reason}; it is not run")
    cases = tuple({repr(cell.case): cell.case for cell in plan.cells}.values())
    return plan_run(
        suite=plan.suite,
        suite_digest=plan.suite_digest,
        cases=cases,
        refused=plan.refused,
        units={case.workload: find_workload(case.workload).unit for case in cases},
        layouts=plan.layouts,
        variables=variables_for(profile, runtime),
        choice=plan.profile,
        policy=plan.policy,
        order_seed=plan.order_seed,
        machine=machine,
        scenario=plan.cells[0].scenario,
    )


def _differences(stated: Plan, made: Plan) -> Iterator[str]:
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
    return f"{value!s:.200}"
