import gc
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast

import pytest
from docker import DockerClient
from docker.errors import APIError, DockerException, ImageNotFound

from bench.containers.context import Engine
from bench.containers.engine import explain_unreachable, identify_image, open_engine, require_same_kernel
from bench.errors import EnvironmentUnfitError
from tests.unit.containers.scripted import write_context

DIGEST = "sha256:" + "0" * 64
HERE = Engine("unix:///var/run/docker.sock", "Docker context default")


def holding(attrs: dict[str, Any] | Exception) -> DockerClient:
    def get(_name: str) -> SimpleNamespace:
        if isinstance(attrs, Exception):
            raise attrs
        return SimpleNamespace(attrs=attrs)

    images = SimpleNamespace(get=get)
    api = SimpleNamespace(timeout=None)
    return cast("DockerClient", SimpleNamespace(api=api, images=images, version=lambda: {"Version": "20.10.24"}))


@contextmanager
def listening(path: Path, answer: bytes) -> Iterator[None]:
    """An engine that gives one answer to its first connection, and none to any other."""
    kept = []

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):  # closed
            while True:
                kept.append(listener.accept()[0])
                kept[0].sendall(answer if len(kept) == 1 else b"")

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = Thread(target=serve, args=(listener,))
        thread.start()
        yield
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in kept:
        connection.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the SDK leaves its socket open
def test_a_missing_engine_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with (
        pytest.raises(
            EnvironmentUnfitError, match=r"no Docker engine answers at unix://.*none\.sock \(DOCKER_HOST\); start one"
        ),
        open_engine(),
    ):
        pass
    gc.collect()


VERSION = b'{"ApiVersion": "1.41"}'
ANSWERED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(VERSION),
    VERSION,
)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the SDK leaves its socket open
@pytest.mark.parametrize("answer", [b"", ANSWERED], ids=["to nothing", "to its version only"])
def test_an_engine_that_does_not_answer_is_reported_in_one_line(
    answer: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bench.containers.engine.ANSWER_S", 0.2)
    monkeypatch.setattr("bench.containers.engine.FACTS_S", 0.2)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/hung.sock")
    refusal = r"at unix://.*hung\.sock \(DOCKER_HOST\) did not answer in time; restart it"
    with (
        listening(tmp_path / "hung.sock", answer),
        pytest.raises(EnvironmentUnfitError, match=refusal) as error,
        open_engine(),
    ):
        pass
    assert error.value.exit_code == 7
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the SDK leaves its socket open
def test_the_engine_of_the_current_context_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_context(tmp_path, "mine", f"unix://{tmp_path}/mine.sock")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONTEXT", "mine")
    with (
        pytest.raises(EnvironmentUnfitError, match=rf"at unix://{tmp_path}/mine\.sock \(Docker context mine\); start"),
        open_engine(),
    ):
        pass
    gc.collect()


def test_a_missing_permission_is_reported_with_the_way_out() -> None:
    error = DockerException(
        "Error while fetching server API version: ('Connection aborted.', PermissionError(13, 'no'))"
    )
    assert "join its group" in explain_unreachable(error, HERE)


def test_any_other_trouble_keeps_its_own_words() -> None:
    assert explain_unreachable(DockerException("Invalid bind address protocol: x"), HERE).endswith(
        "Invalid bind address protocol: x"
    )


def test_an_engine_in_a_virtual_machine_is_refused() -> None:
    with pytest.raises(EnvironmentUnfitError, match=r"vm has kernel 5.10-linuxkit, this machine 6.1.0"):
        require_same_kernel({"Name": "vm", "KernelVersion": "5.10-linuxkit"}, "6.1.0")


def test_an_engine_on_this_kernel_is_taken() -> None:
    require_same_kernel({"Name": "here", "KernelVersion": "6.1.0"}, "6.1.0")


def test_an_image_is_known_by_id_layers_and_registries() -> None:
    attrs = {"Id": DIGEST, "RepoDigests": None, "RootFS": {"Layers": [DIGEST]}, "Architecture": "amd64"}
    image = identify_image(holding(attrs), "bench:latest")
    assert (image.id, image.repo_digests, image.layers, image.engine) == (DIGEST, (), (DIGEST,), "docker 20.10.24")


def test_a_missing_image_is_never_pulled() -> None:
    with pytest.raises(EnvironmentUnfitError, match="holds no image mine; build it"):
        identify_image(holding(ImageNotFound("404")), "mine")


def test_a_refusal_of_the_engine_is_reported_in_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closing(SimpleNamespace):
        def close(self) -> None:
            pass

    import platform

    client = Closing(api=SimpleNamespace(timeout=None), info=lambda: {"KernelVersion": platform.release()})
    monkeypatch.setenv("DOCKER_HOST", "unix:///here.sock")
    monkeypatch.setattr("docker.from_env", lambda **_: client)
    with pytest.raises(EnvironmentUnfitError, match="refuses: no space left"), open_engine():
        raise APIError("500", explanation="no space left")
