from math import sqrt

import pytest
import torch
from torch import nn

from bench.workloads.digests import weights_digest
from bench.workloads.weights import BIAS_DEVIATION, EMBEDDING_DEVIATION, fill_weights

pytestmark = pytest.mark.torch


def make_model(dtype: torch.dtype = torch.float32) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(16, 64, 3), nn.BatchNorm2d(64), nn.Linear(64, 256), nn.Embedding(50, 64)).to(dtype)


@pytest.mark.parametrize(
    ("name", "deviation"),
    [
        ("0.weight", sqrt(2.0 / (16 * 9))),
        ("2.weight", sqrt(2.0 / 64)),
        ("0.bias", BIAS_DEVIATION),
        ("1.bias", BIAS_DEVIATION),
        ("3.weight", EMBEDDING_DEVIATION),
    ],
    ids=["convolution", "linear", "bias", "bias of a norm", "embedding"],
)
def test_each_kind_of_parameter_has_its_deviation(name: str, deviation: float) -> None:
    model = make_model()
    fill_weights(model, gain=sqrt(2.0))
    assert model.get_parameter(name).std().item() == pytest.approx(deviation, rel=0.25)


def test_norms_begin_as_those_of_a_new_model() -> None:
    model = make_model()
    model[:2](torch.ones(2, 16, 8, 8))
    fill_weights(model)
    norm = model[1]
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.weight.eq(1).all()
    assert norm.running_mean is not None
    assert norm.running_mean.eq(0).all()
    assert norm.running_var is not None
    assert norm.running_var.eq(1).all()
    assert norm.num_batches_tracked == 0


def test_a_constant_goes_before_the_rule() -> None:
    model = make_model()
    fill_weights(model, constants={"1.weight": 0.25})
    assert model.get_parameter("1.weight").eq(0.25).all()


def test_inputs_may_be_the_first_dimension() -> None:
    model = nn.Sequential(nn.Linear(16, 1024))
    fill_weights(model, transposed=(nn.Linear,))
    assert model[0].weight.std().item() == pytest.approx(1 / sqrt(1024), rel=0.1)


def test_filling_again_gives_the_same_weights() -> None:
    model = make_model()
    fill_weights(model)
    before = weights_digest(model)
    with torch.no_grad():
        model[0].weight.zero_()
    assert weights_digest(model) != before
    fill_weights(model)
    assert weights_digest(model) == before


def test_memory_format_changes_no_value() -> None:
    plain, converted = make_model(), make_model().to(memory_format=torch.channels_last)
    fill_weights(plain)
    fill_weights(converted)
    assert not converted[0].weight.is_contiguous()
    assert torch.equal(converted[0].weight, plain[0].weight)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_weights_in_half_precision_are_the_float32_ones_rounded(dtype: torch.dtype) -> None:
    single, half = make_model(), make_model(dtype)
    fill_weights(single)
    fill_weights(half)
    for expected, actual in zip(single.parameters(), half.parameters(), strict=True):
        assert actual.dtype == dtype
        assert torch.equal(expected.to(dtype), actual)


def test_another_seed_gives_other_weights() -> None:
    first, second = make_model(), make_model()
    fill_weights(first)
    fill_weights(second, seed=2)
    assert weights_digest(first) != weights_digest(second)


def test_a_shared_parameter_is_written_once_under_its_first_name() -> None:
    tied, free = nn.Sequential(nn.Embedding(50, 64), nn.Linear(64, 50)), nn.Sequential(nn.Embedding(50, 64))
    tied[1].weight = tied[0].weight
    fill_weights(tied)
    fill_weights(free)
    assert torch.equal(tied[0].weight, free[0].weight)


def test_a_type_that_is_not_generated_is_refused() -> None:
    with pytest.raises(TypeError, match=r"float32, bfloat16 or float16, not in torch\.float64"):
        fill_weights(make_model(torch.float64))
