"""Assemble a workload from a module of the user, whose weights and results are its own."""

import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss
from torch.utils import _pytree as pytree
from typing_extensions import override

from bench.errors import UsageError
from bench.interface.workload import Autocast, Forward, Iteration, Workload
from bench.records.case import Case
from bench.workloads.generator import SEED
from bench.workloads.inputs import uniform_tensor
from bench.workloads.iterations import Inference, TrainingStep, copy_float32


class ModuleInference(Inference):
    """One forward pass of a module that may return any structure of tensors."""

    @override
    def outputs(self) -> list[Tensor]:
        """Return the floating-point tensors of its result, or all tensors where none is."""
        return [copy_float32(tensor) for tensor in find_results(self.call())]

    expected = outputs


def seed_generators() -> None:
    """Seed the generators that the user's code may initialise weights with, so that each process makes the same."""
    random.seed(SEED)
    np.random.seed(SEED)  # noqa: NPY002 - the one that code which draws from numpy's global state reads
    torch.manual_seed(SEED)


def find_results(result: object) -> list[Tensor]:
    """Return the tensors of a result that correctness compares, in order.

    Raises:
        UsageError: it holds none.
    """
    tensors = [leaf for leaf in pytree.tree_leaves(result) if isinstance(leaf, Tensor)]
    if not tensors:
        raise UsageError(f"the module returns {type(result).__name__}, which holds no tensors")
    return [tensor for tensor in tensors if tensor.is_floating_point()] or tensors


def assemble_module(case: Case, model: nn.Module, inputs: Mapping[str, Tensor]) -> Workload:
    """Return the workload of a module.

    Training takes the mean squared error of its first result against a generated one. Dropout is off there too, since loss
    and gradients are compared with a reference's.

    Args:
        case: What was asked for; an item is one sample of its batch.
        model: In the case's data type, with its weights.
        inputs: By the names of its parameters.

    Raises:
        UsageError: it returns no tensors.
    """
    if case.mode == "inference":
        model.eval().requires_grad_(requires_grad=False)
        return _make(case, model, inputs, lambda forward, given, _: ModuleInference(forward, given), _nothing)
    _turn_dropout_off(model.train())
    fill = Restore(model)
    with torch.no_grad():
        first = find_results(model(**_cast(inputs, model)))[0]
    fill()
    with_target = {**inputs, "target": uniform_tensor("target", tuple(first.shape))}

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:
        return TrainingStep(model, fill, _squared_error, forward=forward, inputs=inputs, autocast=autocast)

    return _make(case, model, with_target, iterate, fill)


def _make(
    case: Case,
    model: nn.Module,
    inputs: Mapping[str, Tensor],
    iterate: Callable[[Forward, Mapping[str, Tensor], Autocast], Iteration],
    fill: Callable[[], None],
) -> Workload:
    return Workload(
        case=case, model=model, inputs=inputs, items_per_iteration=case.batch_size, fill=fill, iterate=iterate
    )


class Restore:
    """Writes the weights that a module has now into it again; holds a copy of them."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._state = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    def __call__(self) -> None:
        """Write them."""
        with torch.no_grad():
            current = self._model.state_dict()
            for name, tensor in self._state.items():
                current[name].copy_(tensor)


def _nothing() -> None:
    """Inference changes no weights."""


def _squared_error(result: Any, target: Tensor) -> Tensor:  # noqa: ANN401 - whatever a module returns
    return mse_loss(find_results(result)[0].float(), target.float())


def _turn_dropout_off(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):  # noqa: SLF001 - the base of all kinds
            module.p = 0.0


def _cast(inputs: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Return inputs in the data type of the module's weights, as they are called before anything is prepared."""
    dtype = next((parameter.dtype for parameter in model.parameters()), torch.float32)
    return {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in inputs.items()}
