"""What tests of the image share: the engine, and a folder for results."""

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
def results(tmp_path: Path) -> Path:
    """A folder of this host that anyone may write to."""
    folder = tmp_path / "results"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder
