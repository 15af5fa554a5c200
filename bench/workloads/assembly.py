"""Assemble a workload from a constructed model: weights, inputs, and an iteration for its mode."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from torch import Tensor, nn, optim
from torch.nn.functional import cross_entropy

from bench.interface.workload import Autocast, Forward, Iteration, Workload
from bench.records.case import Case
from bench.workloads.iterations import Inference, Loss, MakeOptimizer, TrainingStep
from bench.workloads.weights import fill_weights

BRANCH = -2
"""Power-of-two scale of the last weight of a residual branch: a quarter. Attention over generated tokens is nearly their
mean. Branches as large as the residual stream would make all positions alike within a few layers, and then outputs
would hardly show whether the right tokens were read."""

_NO_CONSTANTS: Mapping[str, float] = MappingProxyType({})
_NO_SCALE: Mapping[str, int] = MappingProxyType({})


def assemble(
    case: Case,
    model: nn.Module,
    inputs: Mapping[str, Tensor],
    *,
    loss: Loss,
    target: Callable[[], Tensor],
    gain: float = 1.0,
    constants: Mapping[str, float] = _NO_CONSTANTS,
    power_of_two_scale: Mapping[str, int] = _NO_SCALE,
    infer: Callable[[Forward, Mapping[str, Tensor]], Iteration] = Inference,
    optimizer: MakeOptimizer = optim.Adam,
) -> Workload:
    """Return the workload of a model; its weights require gradients in training only.

    Args:
        case: What was asked for; an item is one sample of its batch.
        model: Constructed, its weights not yet written.
        inputs: The model's.
        loss: Of the model's output and the target.
        target: Makes the labels, which only training needs.
        gain: Of the weights, as in `fill_weights`.
        constants: The same.
        power_of_two_scale: The same.
        infer: Makes an iteration of inference; the default takes a model that returns one tensor.
        optimizer: As in `TrainingStep`.
    """
    model.train(case.mode == "training")
    if case.mode == "inference":
        model.requires_grad_(requires_grad=False)
    fill = partial(fill_weights, model, gain=gain, constants=constants, power_of_two_scale=power_of_two_scale)
    fill()
    return assemble_filled(case, model, inputs, fill=fill, loss=loss, target=target, infer=infer, optimizer=optimizer)


def assemble_filled(
    case: Case,
    model: nn.Module,
    inputs: Mapping[str, Tensor],
    *,
    fill: Callable[[], None],
    loss: Loss,
    target: Callable[[], Tensor],
    infer: Callable[[Forward, Mapping[str, Tensor]], Iteration] = Inference,
    optimizer: MakeOptimizer = optim.Adam,
) -> Workload:
    """Return the workload of a model that has its weights and its mode; arguments as of `assemble`.

    Args:
        case: The same.
        model: The same, ready.
        inputs: The same.
        fill: Writes its weights again.
        loss: The same.
        target: The same.
        infer: The same.
        optimizer: The same.
    """
    with_target = dict(inputs)
    if case.mode == "training":
        with_target["target"] = target()

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:
        if case.mode == "inference":
            return infer(forward, inputs)
        return TrainingStep(model, fill, loss, forward=forward, inputs=inputs, autocast=autocast, optimizer=optimizer)

    return Workload(
        case=case, model=model, inputs=with_target, items_per_iteration=case.batch_size, fill=fill, iterate=iterate
    )


def token_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross entropy over every position: logits of batch × positions × classes, labels of batch × positions."""
    return cross_entropy(logits.flatten(0, 1), labels.flatten())
