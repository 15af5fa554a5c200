"""The container image: of a whole run, or of one side of an `ab` run."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from msgspec import Meta

from bench.records.digest import Digest
from bench.records.machine import Architecture
from bench.records.record import Record
from bench.records.text import Line

EngineArchitecture = Literal["amd64", "arm64"]


ENGINE_ARCHITECTURES: Mapping[Architecture, EngineArchitecture] = MappingProxyType(
    {"x86_64": "amd64", "aarch64": "arm64"}
)
"""The kernel's name of an architecture → the name in engines and registries."""


class StatedImage(Record, frozen=True, kw_only=True):
    """The identity of an image, as stated by the host that started the container: a run cannot see it from inside.

    Attributes:
        id: The engine's id: the digest of the configuration, or of the manifest if the engine uses containerd's
            image store.
        repo_digests: `name@sha256:...` of each registry that it was pulled from; empty if it was built on the host.
        layers: Digests of the uncompressed layers, lowest first. Two images are equal if layers and labels are equal.
        architecture: The engine's name.
        engine: Name and version.
    """

    id: Digest
    repo_digests: tuple[Annotated[Line, Meta(max_length=512)], ...]
    layers: Annotated[tuple[Digest, ...], Meta(min_length=1, max_length=127)]
    architecture: EngineArchitecture
    engine: Annotated[str, Meta(pattern=r"^[\x20-\x7e]{1,100}\Z")]


class Image(Record, frozen=True, kw_only=True):
    """`image.json`: the container image of the run.

    Attributes:
        inside: The run was in an image of bench.
        labels: Written by the build of the image.
        stated: Its identity as the host stated it (`bench container run` does that); None if it was not stated.
    """

    inside: bool
    labels: dict[Line, Line]
    stated: StatedImage | None = None
