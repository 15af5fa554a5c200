"""The variant: in what one side of a `bench ab` run, or one arm of a `bench tune` run, differs from the plan."""

from collections.abc import Iterable, Mapping
from string import ascii_lowercase
from typing import Annotated

from msgspec import Meta

from bench.records.digest import Digest
from bench.records.image import StatedImage
from bench.records.profile import Choice, Layout, Profile
from bench.records.record import Record

VariantName = Annotated[str, Meta(pattern=r"^[a-z]{1,2}\Z")]
BASE: VariantName = "a"
"""The variant that all others of a run are compared with."""

VARIANTS: tuple[VariantName, ...] = (BASE, "b")
"""Sides of an `ab` run."""

TorchRelease = Annotated[
    str, Meta(pattern=r"^\d{1,4}(\.\d{1,8}){1,3}((a|b|rc)\d{1,4})?(\.dev\d{1,8})?(\+[a-z0-9.]{1,40})?\Z")
]
"""A release of torch, as PEP 440 writes it: `2.13.0`, `2.13.0+cpu`."""

UserVariableName = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}\Z")]
UserVariableValue = Annotated[str, Meta(pattern=r"^[\x20-\x7e]{0,1024}\Z")]


class Variant(Record, frozen=True, kw_only=True):
    """One side of a `bench ab` run, or one arm of a `bench tune` run. A field that is None or empty has the plan's value.

    Attributes:
        options: The options of this side, as typed: `--env TORCHINDUCTOR_FREEZING=1`.
        variables: Environment of its workers; they override those of bench and the profile.
        argv: The command of its workers, with the path of another interpreter or the id of an image.
        image: The image of its workers, as the engine states it; each worker has its own container.
        profile, choice, layouts: Set if the side has another profile, runtime or allocator.
    """

    name: VariantName
    options: tuple[Annotated[str, Meta(min_length=1, max_length=4096)], ...]
    variables: dict[UserVariableName, UserVariableValue]
    argv: Annotated[tuple[str, ...], Meta(min_length=1)]
    image: StatedImage | None = None
    profile: Profile | None = None
    choice: Choice | None = None
    layouts: tuple[Layout, ...] = ()


def name_variants(count: int) -> tuple[VariantName, ...]:
    """Return the names of so many variants, the base first: `a` to `z`, `aa`, `ab`, ...

    Args:
        count: At most 702, up to `zz`.
    """
    names = [*ascii_lowercase, *(first + second for first in ascii_lowercase for second in ascii_lowercase)]
    return tuple(names[:count])


def image_argv(image: Digest) -> tuple[str, ...]:
    """Return the command of workers in an image: a local process that represents a worker in a container.

    Args:
        image: The engine's id of the image.
    """
    return ("python", "-m", "bench.containers.worker", image, "bench.worker")


def describe_variant(variant: Variant) -> str:
    """Return the options of a side as a phrase, without `--env` before variables."""
    return ", ".join(option.removeprefix("--env ") for option in variant.options) or "unchanged"


def find_torch_problem(variant: Variant, installed: Mapping[str, str]) -> str | None:
    """Return in what a side contradicts its option `--torch`; None if it has none, or has that release.

    A release without a local version is also met by one with any: `2.13.0` by `2.13.0+cpu`.

    Args:
        variant: The side.
        installed: Version of each package that its interpreter imports, by name.
    """
    asked = next((option.partition(" ")[2] for option in variant.options if option.startswith("--torch ")), None)
    found = installed.get("torch", "")
    if asked is None or asked in {found, found.partition("+")[0]}:
        return None
    return f"side {variant.name} asks for torch {asked}, and its environment has {found or 'none'}"


def expect_variables(variants: Iterable[Variant], environment: Mapping[str, str]) -> dict[str, str | None]:
    """Return the value that a worker must have for each variable of any side; None for a variable that must not be set.

    Args:
        variants: Those of the plan.
        environment: Of the worker's cell.
    """
    names = sorted({name for variant in variants for name in variant.variables})
    return {name: environment.get(name) for name in names}
