"""What every unit test that computes has in common."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def one_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give torch one thread: threads that wait for each other by spinning are slow where tests share the cores.

    And keep the garbage collector off what is there before, as a worker does: to search all of the tests takes it seconds.
    """
    if request.node.get_closest_marker("torch") is None:
        yield
        return
    import torch  # most tests never load it

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    gc.freeze()
    yield
    gc.unfreeze()
    torch.set_num_threads(before)


@pytest.fixture
def no_model_is_kept(one_thread: None) -> Iterator[None]:  # noqa: ARG001 - ends before it
    """Iterations refer to themselves, and hold a model each: from Python 3.14 on collections come late."""
    yield
    gc.collect()
