from pathlib import Path

import pytest

from bench.containers.plan import Boundary, ContainerPlan, Limits
from bench.records.image import StatedImage

DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def image() -> StatedImage:
    return StatedImage(id=DIGEST, repo_digests=(), layers=(DIGEST,), architecture="amd64", engine="docker 20.10.24")


@pytest.fixture
def plan(image: StatedImage) -> ContainerPlan:
    return ContainerPlan(
        image=DIGEST,
        argv=("run", "--suite=smoke"),
        user="1000:1000",
        boundary=Boundary(cpus="0-3,8", memory_nodes="0"),
        limits=Limits(),
        writable=Path("/home/user/results"),
        announcement=Path("/home/user/results/.bundle-1"),
        readable=(Path("/home/user/mine.toml"),),
        stated=image,
    )
