"""Connect to the Docker engine, and read what it says of an image.

This package alone loads the Docker SDK.
"""

import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from bench.errors import EnvironmentUnfitError
from bench.records.image import StatedImage

if TYPE_CHECKING:
    from docker import DockerClient

PATIENCE_S = 600
"""For one request to the engine; a busy disk makes creating a container slow."""


@contextmanager
def open_engine() -> Iterator["DockerClient"]:
    """Connect to the engine that `DOCKER_HOST` names, or to this host's.

    Raises:
        EnvironmentUnfitError: none answers, this user may not use it, or it runs containers on another machine.
    """
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=PATIENCE_S)
    except DockerException as error:
        raise EnvironmentUnfitError(explain_unreachable(error)) from error
    try:
        require_same_kernel(client.info(), platform.release())
        yield client
    except DockerException as error:
        raise EnvironmentUnfitError(f"the Docker engine refuses: {_explanation(error)}") from error
    finally:
        client.close()


def explain_unreachable(error: Exception) -> str:
    """Return why no engine can be used, and what to do."""
    where = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    reason = str(error)
    if "PermissionError" in reason:
        return f"no permission to use the Docker engine at {where}; join its group (usermod --append --groups docker USER) and log in anew"
    if "FileNotFoundError" in reason or "refused" in reason:
        return f"no Docker engine answers at {where}; start one (systemctl start docker), or set DOCKER_HOST"
    return f"the Docker engine at {where} cannot be used: {_explanation(error)}"


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
        facts = client.images.get(name).attrs
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
            "engine": f"docker {client.version()['Version']}",
        },
        StatedImage,
    )


def _explanation(error: Exception) -> str:
    return str(getattr(error, "explanation", None) or error)
