"""Containers of the image, hardened as users are advised to, unless a test asks for less or more."""

from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import docker
from docker.models.containers import Container
from docker.models.images import Image

from bench.containers.plan import LABEL
from tests.little_memory import MEMORY_BYTES

IMAGE = "bench:latest"
PYTHON = ["/opt/bench/venv/bin/python", "-c"]
"""An entry point in place of bench."""

_HARDENED: dict[str, Any] = {
    "read_only": True,
    "network_mode": "none",
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "mem_limit": MEMORY_BYTES,  # for short probes
}
_PATIENCE_S = 900
_SETTLED_S = 120


@dataclass(frozen=True)
class Finished:
    """How a container ended."""

    status: int
    stdout: str
    stderr: str


class Engine:
    """The Docker engine; removes the containers that were started through it."""

    def __init__(self) -> None:
        self._client = docker.from_env(timeout=_PATIENCE_S)
        self._containers: list[Container] = []

    @property
    def client(self) -> docker.DockerClient:
        return self._client

    @property
    def image(self) -> Image:
        return self._client.images.get(IMAGE)

    def start(self, *argv: str, results: Path | None = None, **options: Any) -> Container:
        """Start a container, with a folder of the host for its results if one is given."""
        volumes = {} if results is None else {str(results): {"bind": "/results", "mode": "rw"}}
        container = self._client.containers.create(IMAGE, list(argv), **{**_HARDENED, "volumes": volumes, **options})
        self._containers.append(container)
        container.start()
        return container

    def run(self, *argv: str, results: Path | None = None, **options: Any) -> Finished:
        """Run a container to its end."""
        container = self.start(*argv, results=results, **options)
        status = container.wait()["StatusCode"]
        stdout, stderr = (container.logs(stdout=out, stderr=not out).decode() for out in (True, False))
        return Finished(status, stdout, stderr)

    def ours(self) -> list[Container]:
        """The containers that bench itself made and that are still there."""
        return self._client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)

    def wait_for_ours(self, count: int) -> list[Container]:
        """The same, as soon as there are so many, or when patience ends."""
        deadline = monotonic() + _SETTLED_S
        while len(left := self.ours()) != count and monotonic() < deadline:
            sleep(0.1)
        return left

    def close(self) -> None:
        for container in self._containers:
            container.remove(force=True)
        self._client.close()
