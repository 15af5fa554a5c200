"""What every unit test that computes has in common."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def one_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give torch one thread: threads that wait for each other by spinning are slow where tests share the cores."""
    if request.node.get_closest_marker("torch") is None:
        yield
        return
    import torch  # most tests never load it

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def no_model_is_kept() -> Iterator[None]:
    """Iterations refer to themselves, and hold a model each: from Python 3.14 on collections come late."""
    yield
    gc.collect()
