"""Construct and assemble models of images.

Dropout and stochastic depth are off in training too, since loss and gradients are compared with a reference's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import sqrt

import torch
from torch import Tensor, nn, optim
from torchvision.ops import StochasticDepth

from bench.interface.workload import Forward, Iteration, Workload
from bench.records.case import Case
from bench.workloads.assembly import assemble
from bench.workloads.construction import construct
from bench.workloads.dtypes import weights_dtype
from bench.workloads.iterations import Inference, Loss, MakeOptimizer

Constants = Callable[[nn.Module], Mapping[str, float]]
"""Reads from a model which parameters are constant: full name → value of all its elements."""


@dataclass(frozen=True, kw_only=True)
class Scales:
    """How an architecture's generated weights differ from the rule for their kind.

    Attributes:
        gain: Of weights of two and more dimensions; √2 where a ReLU follows.
        constants: Finds parameters, mostly of norms, whose elements all have one value.
        power_of_two_scale: As in `fill_weights`.
    """

    gain: float = sqrt(2.0)
    constants: tuple[Constants, ...] = ()
    power_of_two_scale: Mapping[str, int] = field(default_factory=dict)


def assemble_vision(
    case: Case,
    factory: Callable[[], nn.Module],
    inputs: Mapping[str, Tensor],
    *,
    scales: Scales,
    loss: Loss,
    target: Callable[[], Tensor],
    infer: Callable[[Forward, Mapping[str, Tensor]], Iteration] = Inference,
    optimizer: MakeOptimizer = optim.Adam,
) -> Workload:
    """Construct a model in the case's mode, find its constants, and assemble it.

    Args:
        case: What was asked for; an item is one image.
        factory: Makes the model, whose weights are not yet written.
        inputs: The model's.
        scales: Of its weights.
        loss: Of the model's output and the target.
        target: Makes the labels, which only training needs.
        infer: Makes an iteration of inference; the default takes a model that returns one tensor.
        optimizer: As in `TrainingStep`.
    """
    model = construct_vision(factory, weights_dtype(case.precision)).train(case.mode == "training")
    constants = {name: value for find in scales.constants for name, value in find(model).items()}
    return assemble(
        case,
        model,
        inputs,
        loss=loss,
        target=target,
        gain=scales.gain,
        constants=constants,
        power_of_two_scale=scales.power_of_two_scale,
        infer=infer,
        optimizer=optimizer,
    )


def construct_vision(factory: Callable[[], nn.Module], dtype: torch.dtype) -> nn.Module:
    """Construct a model of torchvision, its weights not yet written, without dropout and stochastic depth.

    It is cast after construction, since RegNet computes its widths with tensors: in bf16 it would be another model.
    """
    model = construct(factory, torch.float32).to(dtype)
    for module in model.modules():
        if isinstance(module, nn.Dropout | StochasticDepth):
            module.p = 0.0  # then both return their input
    return model
