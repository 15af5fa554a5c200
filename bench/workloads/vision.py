"""What models of images have in common once they are constructed: weights, and an iteration of each mode.

Dropout and stochastic depth are off in training too, since loss and gradients are held against a reference.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import sqrt

import torch
from torch import Tensor, nn
from torchvision.ops import StochasticDepth

from bench.records.case import Case
from bench.workloads.construction import construct
from bench.workloads.iterations import Inference, Loss, TrainingStep
from bench.workloads.weights import fill_weights
from bench.workloads.workload import Autocast, Forward, Iteration, Workload, weights_dtype

Constants = Callable[[nn.Module], Mapping[str, float]]
"""Reads from a model which parameters are constant: full name → value of all its elements."""


@dataclass(frozen=True, kw_only=True)
class Scales:
    """How an architecture's generated weights differ from the rule for their kind.

    Attributes:
        gain: Of weights of two and more dimensions; √2 where a ReLU follows.
        constants: Finds parameters, mostly of norms, that are one value throughout.
        doublings: Ending of parameters' names → power of two that their values are multiplied by. A power of
            two does not round, so bf16 holds what fp32 holds, rounded once.
    """

    gain: float = sqrt(2.0)
    constants: tuple[Constants, ...] = ()
    doublings: Mapping[str, int] = field(default_factory=dict)


def assemble_vision(
    case: Case,
    factory: Callable[[], nn.Module],
    inputs: Mapping[str, Tensor],
    *,
    scales: Scales,
    loss: Loss,
    target: Callable[[], Tensor],
    infer: Callable[[Forward, Mapping[str, Tensor]], Iteration] = Inference,
) -> Workload:
    """Make a workload; its weights ask for gradients in training only.

    Args:
        case: What was asked for; an item is one image.
        factory: Makes the model, whose weights are not yet written.
        inputs: The model's.
        scales: Of its weights.
        loss: Of the model's output and the target.
        target: Makes the labels, which only training needs.
        infer: Makes an iteration of inference; the default takes a model that returns one tensor.
    """
    model = construct_vision(factory, weights_dtype(case.precision))
    model.train(case.mode == "training")
    if case.mode == "inference":
        model.requires_grad_(requires_grad=False)
    fill = partial(fill_scaled, model, scales)
    fill()
    given = dict(inputs)
    if case.mode == "training":
        given["target"] = target()

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:
        if case.mode == "inference":
            return infer(forward, inputs)
        return TrainingStep(model, fill, loss, forward=forward, inputs=inputs, autocast=autocast)

    return Workload(
        case=case, model=model, inputs=given, items_per_iteration=case.batch_size, fill=fill, iterate=iterate
    )


def construct_vision(factory: Callable[[], nn.Module], dtype: torch.dtype) -> nn.Module:
    """Construct a model of torchvision, its weights not yet written, without dropout and stochastic depth.

    It is cast afterwards, since RegNet computes its widths with tensors: in bf16 it would be another model.
    """
    model = construct(factory, torch.float32).to(dtype)
    for module in model.modules():
        if isinstance(module, nn.Dropout | StochasticDepth):
            module.p = 0.0  # at which both hand their input on as it is
    return model


def fill_scaled(model: nn.Module, scales: Scales) -> None:
    """Write a model's generated weights."""
    constants = {name: value for find in scales.constants for name, value in find(model).items()}
    fill_weights(model, gain=scales.gain, constants=constants)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            for ending, power in scales.doublings.items():
                if name.endswith(ending):
                    parameter.mul_(2.0**power)
