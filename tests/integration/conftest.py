"""What runs of seconds have in common: little memory."""

from collections.abc import Iterator

import pytest

from tests.little_memory import little_memory


@pytest.fixture(scope="module", autouse=True)
def little_memory_for_all() -> Iterator[None]:
    """Until the end of a file: the process may go on with tests of models, which need more."""
    with little_memory():
        yield
