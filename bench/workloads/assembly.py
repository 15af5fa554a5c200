"""What most transformers have in common once they are constructed: weights, inputs, and an iteration of each mode."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from bench.records.case import Case
from bench.workloads.iterations import Inference, Loss, TrainingStep
from bench.workloads.weights import fill_weights
from bench.workloads.workload import Autocast, Forward, Iteration, Workload

BRANCH = -2
"""Doublings of the last weight of a residual branch. Attention over generated tokens is nearly their mean, so
branches as large as the stream that they are added to make all positions alike within a few layers, and then
outputs would hardly show whether the right tokens were read; at a quarter of it they stay apart."""

_NO_CONSTANTS: Mapping[str, float] = MappingProxyType({})


def assemble(
    case: Case,
    model: nn.Module,
    inputs: Mapping[str, Tensor],
    *,
    loss: Loss,
    target: Callable[[], Tensor],
    constants: Mapping[str, float] = _NO_CONSTANTS,
    doublings: Mapping[str, int],
) -> Workload:
    """Make a workload of a model that returns one tensor; its weights ask for gradients in training only.

    Args:
        case: What was asked for; an item is one sample of its batch.
        model: Constructed, its weights not yet written.
        inputs: The model's.
        loss: Of the model's output and the target.
        target: Makes the labels, which only training needs.
        constants: Parameter's full name → value of all its elements.
        doublings: Ending of parameters' names → power of two that their values are multiplied by, where the rule
            for their kind does not suit. A power of two does not round, so bf16 holds what fp32 holds, rounded once.
    """
    model.train(case.mode == "training")
    if case.mode == "inference":
        model.requires_grad_(requires_grad=False)
    fill = partial(_fill, model, constants, doublings)
    fill()
    given = dict(inputs)
    if case.mode == "training":
        given["target"] = target()

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:
        if case.mode == "inference":
            return Inference(forward, inputs)
        return TrainingStep(model, fill, loss, forward=forward, inputs=inputs, autocast=autocast)

    return Workload(
        case=case, model=model, inputs=given, items_per_iteration=case.batch_size, fill=fill, iterate=iterate
    )


def token_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy over every position: logits of batch × positions × classes, labels of batch × positions."""
    return cross_entropy(logits.flatten(0, 1), labels.flatten())


def _fill(model: nn.Module, constants: Mapping[str, float], doublings: Mapping[str, int]) -> None:
    fill_weights(model, constants=constants)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            for ending, power in doublings.items():
                if name.endswith(ending):
                    parameter.mul_(2.0**power)
