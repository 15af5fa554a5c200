"""What of a bundle is signed in clear and may say whose machine or work it was.

None of it can be removed: signatures cover it. Whoever publishes a bundle is told.
"""

from collections.abc import Collection, Iterator

from bench.bundle.archive import read_archive
from bench.bundle.content import CONTENT_LIMITS, parse_members
from bench.bundle.recorded_variables import RECORDED_VARIABLES
from bench.bundle.seal import Sealed
from bench.records.bundle import Contents, Environment, PrivateField
from bench.records.machine import Machine
from bench.records.plan import Plan
from bench.records.record import Record


class Remaining(Record, frozen=True, kw_only=True):
    """Something that is still in a bundle.

    Attributes:
        field: Its place, such as `environment.variables`.
        count: How many values it has, or how often something occurs.
    """

    field: str
    count: int


def find_identifying(sealed: Sealed, shown: Collection[PrivateField]) -> tuple[Remaining, ...]:
    """Return fields with a value, in the order of the bundle's files.

    Args:
        sealed: The bundle.
        shown: Private fields whose values stay in it.
    """
    contents = parse_members(read_archive(sealed.content, CONTENT_LIMITS))
    counts = (
        *((field, 1) for field in shown),
        ("bundle.run_id and times", 1),
        *_count_machine(contents.machine),
        *_count_plan(contents.plan),
        *_count_environment("environment", contents.environment),
        *(
            row
            for variant, environment in contents.environments.items()
            for row in _count_environment(f"environments.{variant}", environment)
        ),
        *_count_outputs(contents),
        ("public keys of signers", len(sealed.signatures)),
    )
    return tuple(Remaining(field=field, count=count) for field, count in counts if count)


def _count_machine(machine: Machine) -> Iterator[tuple[str, int]]:
    settings, limits = machine.settings, machine.limits
    yield "machine.cpu and topology", 1
    for name, value in (
        ("machine.settings.kernel", settings.kernel),
        ("machine.settings.microcode", settings.microcode),
        ("machine.settings.hypervisor", settings.hypervisor),
        ("machine.limits.container", limits.container),
    ):
        yield name, int(value is not None)


def _count_plan(plan: Plan) -> Iterator[tuple[str, int]]:
    yield "plan.suite (a user's file)", int(plan.suite_digest is not None or "/" in plan.suite)
    yield "plan.variants.options", sum(len(variant.options) for variant in plan.variants)
    yield "plan.variants.argv (a path)", sum(variant.argv[0].startswith(("/", "~")) for variant in plan.variants)


def _count_environment(name: str, environment: Environment) -> Iterator[tuple[str, int]]:
    yield f"{name}.source_revision", int(environment.source_revision is not None)
    unlisted = environment.variables.keys() - RECORDED_VARIABLES
    yield f"{name}.variables", len(environment.variables) - len(unlisted)
    yield f"{name}.variables that bench no longer states", len(unlisted)
    yield f"{name}.distributions", len(environment.distributions)


def _count_outputs(contents: Contents) -> Iterator[tuple[str, int]]:
    yield "image.labels", len(contents.image.labels)
    yield "image.stated.repo_digests", 0 if contents.image.stated is None else len(contents.image.stated.repo_digests)
    yield "calibration.host_digest and runs", int(contents.calibration is not None)
    yield "failures of workers", sum(measurement.failure is not None for measurement in contents.measurements)
    yield "lines of log/", sum(len(log.splitlines()) for log in contents.logs.values())
