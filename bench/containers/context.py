"""Which Docker engine the `docker` command uses: by its variables, its context, or its default.

The SDK follows contexts too, but it takes the default engine where a context is missing, and looks for contexts in the
current folder where `config.json` is missing. Either would run in another engine than `docker` does.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from bench.bundle.files import read_file
from bench.errors import BenchError, EnvironmentUnfitError

DEFAULT_HOST = "unix:///var/run/docker.sock"
DEFAULT_CONTEXT = "default"

_MAX_BYTES = 1 << 20
_File = TypeVar("_File")


class Engine(NamedTuple):
    """An engine to connect to.

    Attributes:
        host: Its URL.
        chosen_by: What chose it, for messages.
        certificates: Folder with `ca.pem`, `cert.pem` and `key.pem` of its context; None without TLS.
        verify: The certificate of the engine is checked.
    """

    host: str
    chosen_by: str
    certificates: Path | None = None
    verify: bool = True

    @property
    def place(self) -> str:
        """The URL and what chose it."""
        return f"{self.host} ({self.chosen_by})"


class _Config(msgspec.Struct, rename="camel"):
    """The part of `config.json` that chooses a context."""

    current_context: str = ""


class _Endpoint(msgspec.Struct, rename={"host": "Host", "skip_verify": "SkipTLSVerify"}):
    host: str = ""
    skip_verify: bool = False


class _Endpoints(msgspec.Struct):
    docker: _Endpoint


class _Context(msgspec.Struct, rename="pascal"):
    """The part of a context's `meta.json` that names its engine."""

    endpoints: _Endpoints


def find_engine(variables: Mapping[str, str], home: Path) -> Engine:
    """Return the engine that `docker` uses, in its order: DOCKER_HOST, DOCKER_CONTEXT, the current context.

    Args:
        variables: The environment.
        home: The user's home folder.

    Raises:
        EnvironmentUnfitError: the chosen context does not exist or cannot be read.
    """
    if variables.get("DOCKER_HOST"):
        return Engine(variables["DOCKER_HOST"], "DOCKER_HOST")
    folder = Path(variables.get("DOCKER_CONFIG") or home / ".docker")
    config = folder / "config.json"
    name, chooser = variables.get("DOCKER_CONTEXT", ""), "DOCKER_CONTEXT"
    if not name and config.exists():
        name, chooser = _read(config, _Config).current_context, str(config)
    if name in {"", DEFAULT_CONTEXT}:
        return Engine(DEFAULT_HOST, f"Docker context {DEFAULT_CONTEXT}")
    identifier = hashlib.sha256(name.encode()).hexdigest()
    path = folder / "contexts/meta" / identifier / "meta.json"
    if not path.exists():
        raise EnvironmentUnfitError(
            f"{chooser} chooses the Docker context {name}, which does not exist in {folder}/contexts; `docker context ls` "
            "lists those that do, choose one with `docker context use`"
        )
    endpoint = _read(path, _Context).endpoints.docker
    certificates = folder / "contexts/tls" / identifier / "docker"
    return Engine(
        endpoint.host or DEFAULT_HOST,
        f"Docker context {name}",
        certificates if certificates.is_dir() else None,
        verify=not endpoint.skip_verify,
    )


def _read(path: Path, kind: type[_File]) -> _File:
    """Return what bench needs of a JSON file of the docker command."""
    try:
        return msgspec.json.decode(read_file(path, limit=_MAX_BYTES), type=kind)
    except (BenchError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EnvironmentUnfitError(f"{path}: {error}; set DOCKER_HOST, or choose a context anew") from error
