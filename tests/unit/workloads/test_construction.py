import signal
from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest
import torch
from torch import Tensor, nn
from torch.nn.init import trunc_normal_ as kept_trunc_normal_
from transformers import initialization as transformers_init

from bench.workloads.construction import construct

pytestmark = pytest.mark.torch

LONGEST_S = 60


@pytest.fixture
def ends_soon() -> Iterator[None]:
    """What would repeat for ever fails instead."""

    def fail(*_: object) -> NoReturn:
        pytest.fail(f"it went on for {LONGEST_S} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(LONGEST_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


class Frequencies(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.register_buffer("frequencies", torch.arange(4, dtype=torch.float32))


def test_weights_get_the_data_type_and_float32_buffers_keep_theirs() -> None:
    model = construct(Frequencies, torch.bfloat16)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    assert model.get_buffer("frequencies").dtype == torch.float32


def test_random_initialisation_is_left_out() -> None:
    state = torch.random.get_rng_state()
    construct(lambda: nn.Sequential(nn.Linear(8, 8), nn.Conv2d(3, 3, 3), nn.Embedding(4, 4)), torch.float32)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.usefixtures("ends_soon")
@pytest.mark.parametrize("draw", [lambda tensor: nn.init.trunc_normal_(tensor, std=0.02), kept_trunc_normal_, transformers_init.trunc_normal_], ids=["torch's, by its name", "torch's, kept by another module", "that of transformers"])  # fmt: skip
def test_a_normal_distribution_that_is_cut_off_is_left_out_too(draw: Callable[[Tensor], Tensor]) -> None:
    def factory() -> nn.Module:
        linear = nn.Linear(64, 64)
        with torch.no_grad():
            linear.weight.fill_(1e6)
        draw(linear.weight)
        return linear

    assert construct(factory, torch.float32).get_parameter("weight").eq(1e6).all()
    assert nn.init.trunc_normal_(torch.empty(8), std=0.02).abs().max() <= 2


def test_constants_are_written() -> None:
    model = construct(lambda: nn.BatchNorm2d(3), torch.float32)
    assert model.get_parameter("weight").eq(1).all()


def test_the_default_data_type_is_restored_after_a_failure() -> None:
    def fail() -> nn.Module:
        raise ValueError("no model")

    with pytest.raises(ValueError, match="no model"):
        construct(fail, torch.bfloat16)
    assert torch.get_default_dtype() == torch.float32
