"""What runs of seconds have in common: little memory."""

from collections.abc import Iterator

import pytest

from tests.little_memory import little_memory


@pytest.fixture(scope="session", autouse=True)
def little_memory_for_all() -> Iterator[None]:
    with little_memory():
        yield
