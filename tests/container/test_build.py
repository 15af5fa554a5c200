"""Builds of equal sources give one image with one digest, wherever it is: shown with a small image."""

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from bench.bundle.source import PROJECT
from bench.records.image import ENGINE_ARCHITECTURES
from tests.container.engine import Engine

pytestmark = pytest.mark.docker

NAME = "localhost/bench-test-build"
ARCH = ENGINE_ARCHITECTURES[os.uname().machine]  # type: ignore[index] # the image's tests run on no other
FACTS = {
    "bench.base.digest": "sha256:" + "1" * 64,
    "bench.packages.recipe": "sha256:" + "2" * 64,
    "bench.source.epoch": "1700000000",
    "org.opencontainers.image.revision": "3" * 40,
}
PACKAGES = "localhost/bench-packages:" + "-".join(
    (ARCH, sha256(f"{FACTS['bench.base.digest']} {FACTS['bench.packages.recipe']}\n".encode()).hexdigest()[:16])
)
"""The image of the lower layers, as build.sh names it."""


def make_context(folder: Path) -> Path:
    """What `make image-context` assembles, with a file in each layer."""
    shutil.copytree(PROJECT / "images", folder / "images")
    shutil.copy(PROJECT / ".dockerignore", folder)
    context = folder / "build/image" / ARCH
    for name in ("base/etc/base", "packages/opt/packages", "program/opt/bench/program"):
        (context / name).parent.mkdir(parents=True)
        (context / name).write_text(name)
    with tarfile.open(context / "base.tar", "w") as archive:
        archive.add(context / "base/etc/base", "./etc/base")
    (context / "program/opt/bench/image.json").write_text(json.dumps(FACTS, indent=1))
    return folder


def build(folder: Path, tag: str, *, load: str) -> list[str]:
    done = subprocess.run(
        [f"{folder}/images/build.sh", ARCH],
        cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {"TAG": tag, "LOAD": load},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def remove(*names: str) -> None:
    for name in names:
        subprocess.run(["buildah", "rmi", "--force", name], capture_output=True, check=False)  # noqa: S607 - on PATH


@pytest.fixture(autouse=True)
def removed(engine: Engine, alone: None) -> Iterator[None]:  # noqa: ARG001 - until all is removed
    yield
    remove(f"{NAME}:1", f"{NAME}:2", PACKAGES)
    for image in engine.client.images.list(NAME):
        engine.client.images.remove(image.id, force=True)


def test_two_builds_print_the_digest_under_which_the_engine_has_the_image(engine: Engine, tmp_path: Path) -> None:
    first = build(make_context(tmp_path / "1"), f"{NAME}:1", load="no")
    remove(PACKAGES)
    second = build(make_context(tmp_path / "2"), f"{NAME}:2", load="yes")

    assert [line.split()[0] for line in first] == ["image", "manifest", "layer", "layer", "layer"]
    assert first == second
    image = engine.client.images.get(f"{NAME}:2")
    assert first[0] == f"image    {image.id}"
    assert [line.split()[1] for line in first[2:]] == image.attrs["RootFS"]["Layers"]
    assert image.attrs["Created"].startswith("2023-11-14T22:13:20")
    assert image.labels == FACTS


def test_another_program_is_another_image_on_the_same_layers(tmp_path: Path) -> None:
    folder = make_context(tmp_path / "1")
    first = build(folder, f"{NAME}:1", load="no")
    (folder / "build/image" / ARCH / "program/opt/bench/program").write_text("changed")
    second = build(folder, f"{NAME}:2", load="no")

    assert first[0] != second[0]
    assert first[2:4] == second[2:4]
    assert first[4] != second[4]
