"""What must stay the same from the beginning of a run to its end, also where it was interrupted in between.

The bundle of a run states one machine, one image, one interpreter and one set of packages for all repetitions.
"""

import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import distributions

import msgspec

from bench.bundle.environment import describe_distributions
from bench.bundle.image import describe_image
from bench.bundle.source import digest_source
from bench.errors import NotComparableError
from bench.records.bundle import Distribution, Environment
from bench.records.image import Image
from bench.records.machine import Machine, Topology
from bench.records.record import Record
from bench.records.variant import VariantName

Difference = tuple[str, object, object]
"""What differs, its value when the run began, and its value now."""

REVISION_LABEL = "org.opencontainers.image.revision"
"""Names the commit that an image was built from."""

_LONGEST = 80
"""Characters of a value that are shown."""


class Software(Record, frozen=True, kw_only=True):
    """The software that a run measures with.

    Attributes:
        interpreter: Implementation, version and build.
        distributions: The Python packages that are installed for it.
        image: The container image that all of it is in.
    """

    interpreter: str
    distributions: tuple[Distribution, ...]
    image: Image


def describe_software() -> Software:
    """Return the software of this process."""
    return Software(
        interpreter=f"{platform.python_implementation()} {' '.join(sys.version.split())}",
        distributions=describe_distributions(distributions()),
        image=describe_image(),
    )


def require_same_machine(run_id: str, began: Machine, now: Machine, source_digest: str) -> None:
    """Refuse to go on with a run on another machine, or with another bench.

    Args:
        run_id: Of the run.
        began: The machine that it began on.
        now: This machine.
        source_digest: Of the bench that began it.

    Raises:
        NotComparableError: says what differs, with both values.
    """
    _require_equal(
        run_id,
        (
            ("CPU", began.cpu, now.cpu),
            ("topology", _without_memory(began.topology), _without_memory(now.topology)),
            ("limits", began.limits, now.limits),
            ("program", source_digest, digest_source()),
        ),
    )


def require_same_software(run_id: str, began: Software, now: Software) -> None:
    """Refuse to go on with a run in another image or interpreter, or with other packages.

    Raises:
        NotComparableError: says what differs, with both values.
    """
    _require_equal(
        run_id,
        (
            *_compare_images(began.image, now.image),
            ("interpreter", began.interpreter, now.interpreter),
            *_compare_packages(began.distributions, now.distributions),
        ),
    )


def require_same_sides(
    run_id: str, began: Mapping[VariantName, Environment], now: Mapping[VariantName, Environment]
) -> None:
    """Refuse to go on with a run one side of which has another interpreter than when it began, or other packages.

    Raises:
        NotComparableError: says what differs, with both values.
    """
    for name, environment in now.items():
        before = began[name]
        _require_equal(
            run_id,
            (
                (f"interpreter of side {name}", before.implementation, environment.implementation),
                *_compare_packages(before.distributions, environment.distributions, f" of side {name}"),
            ),
        )


def _require_equal(run_id: str, values: Sequence[Difference]) -> None:
    for what, before, now in values:
        if before != now:
            raise NotComparableError(
                f"run {run_id} began with another {what} ({_short(before)}, now {_short(now)}); "
                "resume it as it began, or start a new run"
            )


def _compare_images(before: Image, now: Image) -> Iterator[Difference]:
    """Yield the values of two images, from whether there is one to its identity as the engine states it."""
    yield "image", _name_image(before), _name_image(now)
    for label in sorted(before.labels.keys() | now.labels.keys()):
        yield f"image, label {label}", before.labels.get(label), now.labels.get(label)
    yield "image, as the engine states it", before.stated, now.stated


def _name_image(image: Image) -> str:
    if not image.inside:
        return "none"
    if image.stated is not None:
        return image.stated.id
    return f"revision {image.labels.get(REVISION_LABEL) or 'unknown'}"


def _compare_packages(
    before: Sequence[Distribution], now: Sequence[Distribution], where: str = ""
) -> Iterator[Difference]:
    known, found = ({package.name: package for package in packages} for packages in (before, now))
    for name in sorted(known.keys() | found.keys()):
        yield f"package {name}{where}", _name_package(known.get(name)), _name_package(found.get(name))


def _name_package(package: Distribution | None) -> str:
    return "not installed" if package is None else f"{package.version}, {package.digest or 'without a list of files'}"


def _without_memory(topology: Topology) -> Topology:
    """Return the part that may not change during a run. A guest's memory may change while it runs (balloons)."""
    nodes = tuple(msgspec.structs.replace(node, memory_bytes=None) for node in topology.nodes)
    return msgspec.structs.replace(topology, nodes=nodes)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
