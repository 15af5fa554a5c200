"""What tests of the image share: the engine, and a folder for results."""

import fcntl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from docker.errors import DockerException

from tests.container.engine import IMAGE, Engine


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    try:
        engine = Engine()
        assert engine.image
    except DockerException as error:
        pytest.fail(f"these tests need a Docker engine that holds {IMAGE}, made by `make image`: {error}")
    with closing(engine):
        yield engine


@pytest.fixture
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No other test with this fixture runs meanwhile: those that count bench's own containers, or build images of one name."""
    with (tmp_path_factory.getbasetemp().parent / "alone").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder of this host that anyone may write to."""
    folder = tmp_path / "results"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder
