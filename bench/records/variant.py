"""The variant: one of the two sides that `bench ab` measures in turn, as far as it is its own."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, get_args

from msgspec import Meta

from bench.records.digest import Digest
from bench.records.image import StatedImage
from bench.records.profile import Choice, Layout, Profile
from bench.records.record import Record

VariantName = Literal["a", "b"]
VARIANTS: tuple[VariantName, ...] = get_args(VariantName)

UserVariableName = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}\Z")]
UserVariableValue = Annotated[str, Meta(pattern=r"^[\x20-\x7e]{0,1024}\Z")]


class Variant(Record, frozen=True, kw_only=True):
    """One side. What is None or empty is as the plan has it.

    Attributes:
        options: What sets it apart, as typed: `--env TORCHINDUCTOR_FREEZING=1`.
        variables: Set for its workers, over what bench and the profile set.
        argv: Its workers' command; another interpreter stands in it by its path, an image by its id.
        image: That its workers run in, each in a container of its own; what the engine says of it.
        profile, choice, layouts: Of a side that has another profile, runtime or allocator.
    """

    name: VariantName
    options: tuple[Annotated[str, Meta(min_length=1, max_length=4096)], ...]
    variables: dict[UserVariableName, UserVariableValue]
    argv: Annotated[tuple[str, ...], Meta(min_length=1)]
    image: StatedImage | None = None
    profile: Profile | None = None
    choice: Choice | None = None
    layouts: tuple[Layout, ...] = ()


def image_argv(image: Digest) -> tuple[str, ...]:
    """The command of workers in an image: a process out here that stands for one in a container.

    Args:
        image: The engine's name of it.
    """
    return ("python", "-m", "bench.containers.worker", image, "bench.worker")


def describe_variant(variant: Variant) -> str:
    """The side in a phrase: what the user gave for it, variables without their option's name."""
    return ", ".join(option.removeprefix("--env ") for option in variant.options) or "unchanged"


def expect_variables(variants: Iterable[Variant], environment: Mapping[str, str]) -> dict[str, str | None]:
    """What a worker must find of every variable that is given for either side; None for one that is not set.

    Args:
        variants: Of the plan.
        environment: Of the worker's cell.
    """
    names = sorted({name for variant in variants for name in variant.variables})
    return {name: environment.get(name) for name in names}
