from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from bench.workloads.inputs import uniform_tensor
from bench.workloads.iterations import Inference, TrainingStep
from bench.workloads.weights import fill_weights

pytestmark = pytest.mark.torch


class Doubles(nn.Module):
    def forward(self, x: Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=2 * x, hidden=x)


@pytest.fixture
def step() -> TrainingStep:
    model = nn.Sequential(nn.Linear(4, 3))
    fill = partial(fill_weights, model)
    fill()
    inputs = {"input": uniform_tensor("x", (5, 4)), "target": uniform_tensor("target", (5, 3))}
    return TrainingStep(model, fill, mse_loss, forward=model, inputs=inputs, autocast=nullcontext)


def test_inference_calls_the_model_with_its_inputs_by_name() -> None:
    iteration = Inference(Doubles(), {"x": torch.ones(2)})
    assert iteration.call().logits.tolist() == [2, 2]


def test_inference_compares_logits_where_there_are_several_outputs() -> None:
    iteration = Inference(Doubles(), {"x": torch.ones(2, dtype=torch.bfloat16)})
    [output] = iteration.outputs()
    assert output.dtype == torch.float32
    assert output.tolist() == [2, 2]


def test_a_training_step_changes_the_weights_and_lowers_the_loss(step: TrainingStep) -> None:
    losses = [step.call().item() for _ in range(50)]
    assert losses[-1] < losses[0]


def test_gradients_do_not_pile_up(step: TrainingStep) -> None:
    first = step.outputs()
    step.call()
    step.call()
    again = step.outputs()
    assert all(torch.equal(actual, wanted) for actual, wanted in zip(first, again, strict=True))


def test_a_training_step_compares_the_loss_and_every_gradient(step: TrainingStep) -> None:
    loss, weight, bias = step.outputs()
    x, target = uniform_tensor("x", (5, 4)), uniform_tensor("target", (5, 3))
    model = nn.Linear(4, 3)
    holder = nn.Sequential(model)
    fill_weights(holder)
    error = model(x) - target
    assert loss.item() == pytest.approx(error.square().mean().item())
    torch.testing.assert_close(weight, 2 / 15 * error.detach().T @ x)
    torch.testing.assert_close(bias, 2 / 15 * error.detach().sum(dim=0))


def test_reset_forgets_the_optimizers_moments(step: TrainingStep) -> None:
    first = [step.call().item() for _ in range(3)]
    step.reset()
    assert [step.call().item() for _ in range(3)] == first


def test_autocast_covers_forward_pass_and_loss_but_not_the_backward_pass() -> None:
    seen = []

    class Watch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            seen.append(torch.is_autocast_enabled("cpu"))
            output: Tensor = self.linear(x)
            output.register_hook(lambda _: seen.append(torch.is_autocast_enabled("cpu")))
            return output

    model = Watch()
    TrainingStep(
        model,
        partial(fill_weights, model),
        mse_loss,
        forward=model,
        inputs={"x": torch.ones(1, 2), "target": torch.zeros(1, 2)},
        autocast=partial(torch.autocast, "cpu", dtype=torch.bfloat16),
    ).call()
    assert seen == [True, False]
