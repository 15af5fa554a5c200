"""The container image: of a whole run, or of one side of an `ab` run."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from msgspec import Meta

from bench.records.digest import Digest
from bench.records.machine import Architecture
from bench.records.record import Record

EngineArchitecture = Literal["amd64", "arm64"]


ENGINE_ARCHITECTURES: Mapping[Architecture, EngineArchitecture] = MappingProxyType(
    {"x86_64": "amd64", "aarch64": "arm64"}
)
"""The kernel's name of an architecture → that of engines and registries."""


class StatedImage(Record, frozen=True, kw_only=True):
    """What whoever started the container says of its image: no run can see this from inside.

    Attributes:
        id: The engine's name of it: the digest of its configuration, or of its manifest where the engine
            keeps images in containerd's store.
        repo_digests: `name@sha256:...` of the registries it was pulled from; none if it was built here.
        layers: Digests of the uncompressed layers, lowest first: with the labels, what decides whether two
            images are the same.
        architecture: As engines call it.
        engine: Name and version.
    """

    id: Digest
    repo_digests: tuple[Annotated[str, Meta(max_length=512)], ...]
    layers: Annotated[tuple[Digest, ...], Meta(min_length=1, max_length=127)]
    architecture: EngineArchitecture
    engine: Annotated[str, Meta(pattern=r"^[\x20-\x7e]{1,100}\Z")]


class Image(Record, frozen=True, kw_only=True):
    """`image.json`: the container image that the run was in.

    Attributes:
        inside: The run was in a bench image.
        labels: What the image's build wrote into it.
        stated: What the host said of it, as `bench container run` does; None if nobody did.
    """

    inside: bool
    labels: dict[str, str]
    stated: StatedImage | None = None
