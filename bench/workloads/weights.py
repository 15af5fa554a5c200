"""Generated weights: one rule for each kind of parameter.

Values are uniform about zero with variance gain²/fan-in, so that activations keep their size from layer to layer.
Biases are small rather than zero, so that a backend that drops one gives other outputs.
"""

from collections.abc import Iterator, Mapping
from math import prod, sqrt
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bench.workloads.generator import SEED, fill_uniform

BIAS_DEVIATION = 0.02
EMBEDDING_DEVIATION = 0.02
"""As BERT, GPT-2 and Llama are initialised."""

_NO_CONSTANTS: Mapping[str, float] = MappingProxyType({})
_NO_SCALE: Mapping[str, int] = MappingProxyType({})


def fill_weights(
    model: nn.Module,
    *,
    gain: float = 1.0,
    constants: Mapping[str, float] = _NO_CONSTANTS,
    power_of_two_scale: Mapping[str, int] = _NO_SCALE,
    transposed: tuple[type[nn.Module], ...] = (),
    seed: int = SEED,
) -> None:
    """Write generated weights into a model in place, and reset its running statistics.

    Args:
        model: Parameters in float32, bfloat16 or float16, in any memory format; a shared one is written once.
        gain: Of weights of two and more dimensions; √2 where a ReLU follows.
        constants: Parameter's full name → value of all its elements, instead of any rule.
        power_of_two_scale: Suffix of parameters' names → exponent n: their values are multiplied by 2ⁿ, where the rule
            for their kind does not suit. Multiplying by a power of two does not round, so a bf16 weight is the fp32
            weight rounded once.
        transposed: Modules whose weights have the inputs as their first dimension.
        seed: Part of every key.

    Raises:
        TypeError: a parameter has another data type.
    """
    with torch.no_grad():
        drawn = []
        for name, module, parameter in _parameters(model):
            constant = constants.get(name, 1.0 if _is_norm_weight(name, parameter) else None)
            if constant is None:
                deviation = _deviation(name, module, parameter, gain=gain, inputs_first=isinstance(module, transposed))
                drawn.append((name, deviation, parameter, parameter.contiguous()))
            else:
                parameter.fill_(constant)
        fill_uniform([(name, deviation, _array(target)) for name, deviation, _, target in drawn], seed=seed)
        for _, _, parameter, target in drawn:
            if target is not parameter:
                parameter.copy_(target)
        _scale(model, power_of_two_scale)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()


def _scale(model: nn.Module, power_of_two_scale: Mapping[str, int]) -> None:
    for name, parameter in model.named_parameters():
        for suffix, exponent in power_of_two_scale.items():
            if name.endswith(suffix):
                parameter.mul_(2.0**exponent)


def _parameters(model: nn.Module) -> Iterator[tuple[str, nn.Module, nn.Parameter]]:
    modules = dict(model.named_modules())
    for name, parameter in model.named_parameters():
        yield name, modules[name.rpartition(".")[0]], parameter


def _is_norm_weight(name: str, parameter: nn.Parameter) -> bool:
    return parameter.ndim == 1 and not name.endswith("bias")


def _deviation(name: str, module: nn.Module, parameter: nn.Parameter, *, gain: float, inputs_first: bool) -> float:
    if name.endswith("bias"):
        return BIAS_DEVIATION
    if isinstance(module, nn.Embedding):
        return EMBEDDING_DEVIATION
    fan_in = parameter.shape[0] if inputs_first else prod(parameter.shape[1:])
    return gain / sqrt(fan_in)


def _array(parameter: torch.Tensor) -> npt.NDArray[np.generic]:
    flat = parameter.detach().view(-1)
    if flat.dtype in {torch.float32, torch.float16}:
        return flat.numpy()
    if flat.dtype == torch.bfloat16:
        return flat.view(torch.int16).numpy().view(np.uint16)
    raise TypeError(f"weights are generated in float32, bfloat16 or float16, not in {flat.dtype}")
