"""`bench reproduce`: prepare to run the plan of a bundle again on this machine.

A bundle may come from anyone, and its plan holds commands and variables. None of them is run directly. This bench
makes the plan again from its cases, profile and policy, and the two plans must be equal.
"""

from pathlib import Path

from bench.backends.registry import why_not_on_cpu
from bench.bundle.environment import describe_environment
from bench.bundle.image import describe_image
from bench.errors import BundleError, UsageError
from bench.hardware.detect import detect
from bench.launch.libraries import find_preloads
from bench.planning.again import find_differences, plan_again
from bench.records.bundle import Citation, Environment
from bench.records.image import Image
from bench.records.machine import Machine
from bench.records.reason import UnsupportedError
from bench.records.source import LocatedSource
from bench.run.prepare import RESULTS, Decision, find_facilities, why_not_available
from bench.verification.verification import Verification


def look_here() -> tuple[Machine, Environment, Image]:
    """Describe this machine, its software, and the image that both are in."""
    return detect(), describe_environment(), describe_image()


def cite(verification: Verification) -> Citation:
    """Return how a bundle is named in the bundle that reproduces it."""
    return Citation(run_id=verification.contents.info.run_id, content_digest=verification.content_digest)


def prepare_reproduction(
    verification: Verification,
    machine: Machine,
    *,
    output: Path = RESULTS,
    sources: tuple[LocatedSource, ...] = (),
) -> Decision:
    """Decide to run a bundle's plan again.

    Args:
        verification: Of the bundle.
        machine: This machine; the plan's bindings must fit it.
        output: The folder for results.
        sources: Of `bench.run.sources.bring_again`.

    Raises:
        UsageError: the bundle holds two variants, or an unknown workload.
        BundleError: its plan is not what bench makes of its cases.
        EnvironmentUnfitError: a backend or a library is not installed.
    """
    contents = verification.contents
    plan = contents.plan
    if contents.tuning is not None:
        raise UsageError(
            f"run {contents.info.run_id} is a stage of a tuning, whose arms are compared on any machine; "
            "measure a profile that was written of it with: bench tune --check FILE"
        )
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
    again = plan_again(plan, contents.profile, machine)
    for difference in find_differences(plan, again):
        raise BundleError(f"its plan is not what bench makes of its cases: {difference}; it is not run")
    facilities = find_facilities(output)
    for cell in plan.cells:
        reason = why_not_on_cpu(cell.case, machine.cpu) or why_not_available(cell.case, facilities, plan.sources)
        if reason is not None:
            raise UnsupportedError(f"cell {cell.id} cannot be run here", [reason])
    for runtime in {cell.runtime for cell in plan.cells}:
        find_preloads(runtime)  # a library that is not installed is an error now, not after the first worker
    return Decision(machine=machine, profile=contents.profile, plan=again, cites=cite(verification), sources=sources)
