from collections.abc import Callable

import pytest
import torch
from torch import nn
from torchvision.models import mobilenet_v2, resnet18
from torchvision.ops import StochasticDepth

from bench.records.case import Case
from bench.workloads.vision import Scales, assemble_vision, construct_vision

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]


def test_dropout_and_stochastic_depth_are_off() -> None:
    model = construct_vision(mobilenet_v2, torch.float32).train()
    left_out = [module for module in model.modules() if isinstance(module, nn.Dropout | StochasticDepth)]
    assert left_out
    assert all(module.p == 0.0 for module in left_out)


def test_the_initialisation_that_draws_until_it_fits_is_left_out_and_put_back() -> None:
    before = nn.init.trunc_normal_

    def draws() -> nn.Module:
        layer = nn.Linear(2, 2)
        layer.weight.data.fill_(100.0)
        nn.init.trunc_normal_(layer.weight, std=1.0)
        return layer

    layer = construct_vision(draws, torch.bfloat16)
    assert next(layer.parameters()).eq(100.0).all()
    assert next(layer.parameters()).dtype == torch.bfloat16
    assert nn.init.trunc_normal_ is before


def test_a_constructor_that_fails_leaves_initialisation_as_it_was() -> None:
    before = nn.init.trunc_normal_

    def fails() -> nn.Module:
        raise RuntimeError("no such model")

    with pytest.raises(RuntimeError, match="no such model"):
        construct_vision(fails, torch.float32)
    assert nn.init.trunc_normal_ is before


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_scales_say_what_weights_are(precision: str, make_case: MakeCase) -> None:
    def built(scales: Scales) -> nn.Module:
        return assemble_vision(
            make_case("resnet18", precision=precision),
            resnet18,
            {"x": torch.zeros(1)},
            scales=scales,
            loss=torch.dot,
            target=lambda: torch.zeros(1),
        ).model

    plain, scaled = (
        built(Scales()),
        built(Scales(constants=(lambda _: {"bn1.bias": 3.0},), power_of_two_scale={"fc.weight": -2})),
    )
    assert scaled.get_parameter("bn1.bias").eq(3.0).all()
    assert plain.get_parameter("bn1.bias").abs().max() < 0.1
    assert torch.equal(scaled.get_parameter("fc.weight"), plain.get_parameter("fc.weight") / 4)
    assert torch.equal(scaled.get_parameter("conv1.weight"), plain.get_parameter("conv1.weight"))


def test_weights_ask_for_gradients_in_training_only(make_case: MakeCase) -> None:
    for mode, wanted in (("inference", False), ("training", True)):
        workload = assemble_vision(
            make_case("resnet18", mode=mode),
            resnet18,
            {},
            scales=Scales(),
            loss=torch.dot,
            target=lambda: torch.zeros(1),
        )
        assert {parameter.requires_grad for parameter in workload.model.parameters()} == {wanted}
        assert workload.model.training is wanted
        assert ("target" in workload.inputs) is wanted
