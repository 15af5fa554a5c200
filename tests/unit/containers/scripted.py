"""A Docker engine that follows a script, and remembers what it was asked."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound


def write_context(folder: Path, name: str, host: str) -> Path:
    """As `docker context create` does; returns the folder for the context's certificates."""
    identifier = hashlib.sha256(name.encode()).hexdigest()
    path = folder / "contexts/meta" / identifier / "meta.json"
    path.parent.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": False}
    path.write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}))
    return folder / "contexts/tls" / identifier / "docker"


Frame = tuple[bytes | None, bytes | None]


class Stream:
    """What the SDK gives for streams: an iterator that can be closed, and that an exception in it ends."""

    def __init__(self, items: Iterator[Any]) -> None:
        self._items = items
        self.closed = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        item = next(self._items)
        if isinstance(item, BaseException):
            self._items = iter(())
            raise item
        return item

    def close(self) -> None:
        self.closed = True


class ScriptedContainer:
    id = "c0ffee"

    def __init__(self, asked: list[str], frames: list[Any], start_error: APIError | None) -> None:
        self._asked = asked
        self._frames = iter(frames)
        self._start_error = start_error

    def attach(self, **_options: Any) -> Stream:
        self._asked.append("attach")
        return Stream(self._frames)

    def start(self) -> None:
        self._asked.append("start")
        if self._start_error is not None:
            raise self._start_error

    def stop(self, timeout: int) -> None:
        self._asked.append(f"stop {timeout}")

    def remove(self, *, force: bool) -> None:
        self._asked.append("remove" if force else "remove if stopped")
        raise NotFound("the engine removed it already")


class ScriptedClient:
    """Stands for `docker.DockerClient`."""

    def __init__(self, frames: list[Any], *, status: int | None = 0, start_error: APIError | None = None) -> None:
        self.asked: list[str] = []
        self.options: dict[str, Any] = {}
        self._container = ScriptedContainer(self.asked, frames, start_error)
        self.standard_input = Stream(iter(()))
        self.deaths = Stream(iter([] if status is None else [{"Actor": {"Attributes": {"exitCode": str(status)}}}]))

    @property
    def containers(self) -> "ScriptedClient":
        return self

    @property
    def api(self) -> "ScriptedClient":
        return self

    def attach_socket(self, container: str, params: dict[str, int]) -> Stream:
        self.asked.append(f"attach {' '.join(params)} of {container}")
        return self.standard_input

    def create(self, **options: Any) -> ScriptedContainer:
        self.asked.append("create")
        self.options = options
        return self._container

    def events(self, **_options: Any) -> Stream:
        self.asked.append("events")
        return self.deaths
