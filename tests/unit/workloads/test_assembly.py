from collections.abc import Callable
from contextlib import nullcontext

import pytest
import torch
from torch import nn

from bench.interface.workload import Workload
from bench.records.case import Case
from bench.workloads.assembly import assemble, token_loss
from bench.workloads.inputs import integer_tensor, uniform_tensor
from bench.workloads.iterations import Inference, TrainingStep
from bench.workloads.weights import fill_weights

pytestmark = pytest.mark.torch


def build(case: Case) -> Workload:
    return assemble(
        case,
        nn.Sequential(nn.Linear(4, 4, dtype=torch.float32), nn.Linear(4, 3)),
        {"input": uniform_tensor("x", (2, 5, 4))},
        loss=token_loss,
        target=lambda: integer_tensor("labels", (2, 5), below=3),
        constants={"0.bias": 0.5},
        power_of_two_scale={"1.weight": -2, "1.bias": 3},
    )


def test_weights_are_drawn_then_constants_written_then_those_that_end_so_doubled(
    make_case: Callable[..., Case],
) -> None:
    plain = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 3))
    fill_weights(plain)
    model = build(make_case("bert_base")).model
    assert torch.equal(model.get_parameter("0.weight"), plain.get_parameter("0.weight"))
    assert model.get_parameter("0.bias").tolist() == [0.5] * 4
    assert torch.equal(model.get_parameter("1.weight"), plain.get_parameter("1.weight") / 4)
    assert torch.equal(model.get_parameter("1.bias"), plain.get_parameter("1.bias") * 8)


def test_filling_again_after_training_gives_the_same_weights(make_case: Callable[..., Case]) -> None:
    workload = build(make_case("bert_base", mode="training"))
    before = [parameter.detach().clone() for parameter in workload.model.parameters()]
    step = workload.iterate(workload.model, workload.inputs, nullcontext)
    step.call()
    assert not any(map(torch.equal, before, workload.model.parameters()))
    step.reset()
    assert all(map(torch.equal, before, workload.model.parameters()))


def test_only_training_has_labels_and_asks_for_gradients(make_case: Callable[..., Case]) -> None:
    inference, training = (build(make_case("bert_base", mode=mode)) for mode in ("inference", "training"))
    assert set(inference.inputs) == {"input"}
    assert set(training.inputs) == {"input", "target"}
    assert not any(parameter.requires_grad for parameter in inference.model.parameters())
    assert all(parameter.requires_grad for parameter in training.model.parameters())
    assert (inference.model.training, training.model.training) == (False, True)


@pytest.mark.parametrize(("mode", "kind"), [("inference", Inference), ("training", TrainingStep)])
def test_each_mode_has_its_iteration(mode: str, kind: type, make_case: Callable[..., Case]) -> None:
    workload = build(make_case("bert_base", mode=mode))
    assert isinstance(workload.iterate(workload.model, workload.inputs, nullcontext), kind)


def test_the_loss_of_tokens_is_the_mean_over_all_positions() -> None:
    certain = torch.tensor([[[30.0, 0.0], [0.0, 30.0]]])
    assert token_loss(certain, torch.tensor([[0, 1]])).item() == pytest.approx(0.0, abs=1e-6)
    assert token_loss(certain, torch.tensor([[0, 0]])).item() == pytest.approx(15.0)
