"""Connect to the Docker engine, and read what it says of an image.

This package alone loads the Docker SDK.
"""

import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from bench.containers.context import Engine, find_engine
from bench.errors import EnvironmentUnfitError
from bench.records.image import StatedImage

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.tls import TLSConfig

ANSWER_S = 5
"""For the engine's first answer, its version, which takes milliseconds."""

FACTS_S = 30
"""For what it says of itself and of an image: it starts programs for that, and waits for locks of its containers."""

PATIENCE_S = 600
"""For any other request to the engine; a busy disk makes creating a container slow."""


@contextmanager
def open_engine() -> Iterator["DockerClient"]:
    """Connect to the engine that the `docker` command uses.

    Raises:
        EnvironmentUnfitError: none answers in time, this user may not use it, or it runs containers on another machine.
    """
    from docker.errors import DockerException
    from requests import RequestException

    engine = find_engine(os.environ, Path.home())
    try:
        client = _connect(engine)
    except DockerException as error:
        raise EnvironmentUnfitError(explain_unreachable(error, engine)) from error
    try:
        with _limited(client, FACTS_S):
            info = client.info()
        require_same_kernel(info, platform.release())
        yield client
    except DockerException as error:
        raise EnvironmentUnfitError(f"the Docker engine refuses: {_explanation(error)}") from error
    except RequestException as error:
        raise EnvironmentUnfitError(explain_unreachable(error, engine)) from error
    finally:
        client.close()


def _connect(engine: Engine) -> "DockerClient":
    """Return a client; DOCKER_HOST has its own variables for TLS, a context its own certificates."""
    import docker

    if engine.chosen_by == "DOCKER_HOST":
        client = docker.from_env(timeout=ANSWER_S)
    else:
        client = docker.DockerClient(base_url=engine.host, tls=_find_tls(engine) or False, timeout=ANSWER_S)
    client.api.timeout = PATIENCE_S
    return client


def _find_tls(engine: Engine) -> "TLSConfig | None":
    from docker.tls import TLSConfig

    if engine.certificates is None:
        return None
    ca, cert, key = (str(engine.certificates / f"{name}.pem") for name in ("ca", "cert", "key"))
    return TLSConfig(client_cert=(cert, key), ca_cert=ca, verify=engine.verify)


@contextmanager
def _limited(client: "DockerClient", seconds: int) -> Iterator[None]:
    """Limit how long the engine may take for each answer."""
    patience, client.api.timeout = client.api.timeout, seconds
    try:
        yield
    finally:
        client.api.timeout = patience


def explain_unreachable(error: Exception, engine: Engine) -> str:
    """Return why an engine cannot be used, and what to do."""
    reason = str(error)
    if "PermissionError" in reason:
        return (
            f"no permission to use the Docker engine at {engine.place}; join its group "
            "(usermod --append --groups docker USER) and log in anew"
        )
    if "FileNotFoundError" in reason or "refused" in reason:
        return (
            f"no Docker engine answers at {engine.place}; start one (systemctl start docker), "
            "or choose another with `docker context use` or DOCKER_HOST"
        )
    if "timed out" in reason:
        return (
            f"the Docker engine at {engine.place} did not answer in time; restart it (systemctl restart docker), "
            "or choose another with `docker context use` or DOCKER_HOST"
        )
    return f"the Docker engine at {engine.place} cannot be used: {_explanation(error)}"


def require_same_kernel(info: Mapping[str, Any], release: str) -> None:
    """Refuse an engine on another machine: CPUs chosen here would be bound there.

    Args:
        info: What the engine says of itself.
        release: Of this machine's kernel.

    Raises:
        EnvironmentUnfitError: its kernel has another release.
    """
    theirs = info.get("KernelVersion")
    if theirs != release:
        raise EnvironmentUnfitError(
            f"the Docker engine {info.get('Name')} has kernel {theirs}, this machine {release}: it runs containers in a "
            "virtual machine or on another host; run bench there"
        )


def identify_image(client: "DockerClient", name: str) -> StatedImage:
    """Return what the engine says of an image.

    Engines with the containerd image store use the manifest's digest as the id, others the configuration's.

    Raises:
        EnvironmentUnfitError: it holds no such image.
    """
    from docker.errors import ImageNotFound

    try:
        with _limited(client, FACTS_S):
            facts, version = client.images.get(name).attrs, client.version()["Version"]
    except ImageNotFound as error:
        raise EnvironmentUnfitError(
            f"the Docker engine holds no image {name}; build it with `make image`, or name another with --image"
        ) from error
    return msgspec.convert(
        {
            "id": facts["Id"],
            "repo_digests": sorted(facts.get("RepoDigests") or ()),
            "layers": facts["RootFS"]["Layers"],
            "architecture": facts["Architecture"],
            "engine": f"docker {version}",
        },
        StatedImage,
    )


def _explanation(error: Exception) -> str:
    return str(getattr(error, "explanation", None) or error)
