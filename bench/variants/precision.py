"""Precision: how a case's numbers are held and computed, and the check that they were.

Training in `amp_fp16` does not scale its loss. Gradients of a mean over generated data stay in float16's range
(scaling by 1024 changes nothing), and the proof compares them with those of fp32, so an underflow would fail the
cell. The cost of a `GradScaler` is therefore not in the numbers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import chain

import torch
from torch import Tensor, nn

from bench.backends.registry import find_backend
from bench.records.case import Case, Mode, Precision
from bench.records.precision import PRECISION_FACTS, FloatName
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation, count_dtypes, format_dtypes

_PACKED = frozenset({torch.qint8, torch.quint8, torch.int8, torch.uint8})
"""Types that hold weights of 8 bits, or two of 4 bits."""

_QUANTIZED_DATA = "qdata"
"""What torchao's tensors call the tensor of their quantized values; beside it they hold scales."""


def cast_inputs(inputs: Mapping[str, Tensor], precision: Precision) -> dict[str, Tensor]:
    """Return inputs with floating-point ones cast as the weights are; integers, and inputs of autocast and int8, stay."""
    dtype = _torch_dtype(PRECISION_FACTS[precision].weights)
    return {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in inputs.items()}


def ambient_autocast(case: Case) -> AbstractContextManager[object]:
    """Return the autocast that all iterations share: on for inference in amp_bf16 and amp_fp16, off elsewhere.

    In inference mode autocast caches no casts, so eager casts every weight in every iteration. Programs that enter
    autocast for each request see the same, TorchBench among them. (Under `no_grad` it would cache them for as long
    as the context lasts.) A backend that freezes folds the casts away.
    """
    dtype = _autocast_dtype(case, "inference")
    return torch.autocast("cpu", dtype=dtype or torch.bfloat16, enabled=dtype is not None)


def step_autocast(case: Case) -> Callable[[], AbstractContextManager[object]]:
    """Return a factory of the autocast around forward pass and loss of one training step; entering it is timed."""
    dtype = _autocast_dtype(case, "training")
    return nullcontext if dtype is None else partial(torch.autocast, "cpu", dtype=dtype)


def check_precision(case: Case, model: nn.Module, observation: Observation) -> dict[str, str]:
    """Compare what was observed with the precision asked for.

    `bench.variants.quantization` counts how much of a quantized model is quantized; this checks its weights. An engine
    that quantizes by itself reports what it holds.

    Returns:
        The evidence.

    Raises:
        NoEffectError: the weights have another type, no result was computed in the precision asked for, or one
            was computed in low precision that nobody asked for.
    """
    facts = PRECISION_FACTS[case.precision]
    if case.precision in find_backend(case.backend).quantizes:
        return {"result_dtypes": format_dtypes(observation.dtypes)}
    if facts.quantized:
        held = count_dtypes(_matrices(model))
        if not _PACKED & set(held):
            raise NoEffectError(
                f"{case.precision} holds weights in int{facts.weight_bits}, but they are {format_dtypes(held)}"
            )
    else:
        held = count_dtypes(chain(model.parameters(), _packed_weights(model)))
        _check_floating(case, set(held), observation, seen=format_dtypes(held))
    return {"parameter_dtypes": format_dtypes(held), "result_dtypes": format_dtypes(observation.dtypes)}


def _check_floating(case: Case, held: set[torch.dtype], observation: Observation, *, seen: str) -> None:
    facts = PRECISION_FACTS[case.precision]
    wanted, computed = _torch_dtype(facts.weights), _torch_dtype(facts.computes)
    if held - {wanted}:
        raise NoEffectError(f"{case.precision} holds weights as {wanted}, but they are {seen}")
    if computed == torch.float32 and observation.low_precision:
        raise NoEffectError(f"fp32 has no results in low precision, but saw {format_dtypes(observation.dtypes)}")
    if computed != torch.float32 and not observation.dtypes[computed]:
        raise NoEffectError(
            f"{case.precision} took no effect: no result was in low precision, saw {format_dtypes(observation.dtypes)}"
        )


def _matrices(model: nn.Module) -> Iterable[Tensor]:
    """Yield weights of two and more dimensions: parameters, int8 buffers, and those packed for an engine."""
    buffers = (buffer for buffer in model.buffers() if buffer.dtype == torch.int8)
    parameters = (getattr(parameter, _QUANTIZED_DATA, parameter) for parameter in model.parameters())
    weights = chain(parameters, buffers, _packed_weights(model))
    return (weight for weight in weights if weight.ndim > 1)


def _packed_weights(model: nn.Module) -> Iterator[Tensor]:
    """Yield what quantized modules keep in an engine's own layout: their `weight` is a method that unpacks it."""
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if callable(weight) and type(module).__module__.startswith("torch.ao."):
            yield weight()


def _autocast_dtype(case: Case, mode: Mode) -> torch.dtype | None:
    """Return the data type of a case's autocast; None where it has none or its mode is another."""
    autocast = PRECISION_FACTS[case.precision].autocast
    return None if autocast is None or case.mode != mode else _torch_dtype(autocast)


def _torch_dtype(name: FloatName) -> torch.dtype:
    dtype: torch.dtype = getattr(torch, name)
    return dtype
