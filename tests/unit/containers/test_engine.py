import gc
from pathlib import Path
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
    return cast("DockerClient", SimpleNamespace(images=images, version=lambda: {"Version": "20.10.24"}))


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

    client = Closing(info=lambda: {"KernelVersion": platform.release()})
    monkeypatch.setenv("DOCKER_HOST", "unix:///here.sock")
    monkeypatch.setattr("docker.from_env", lambda **_: client)
    with pytest.raises(EnvironmentUnfitError, match="refuses: no space left"), open_engine():
        raise APIError("500", explanation="no space left")
