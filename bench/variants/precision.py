"""Precision: how a case's numbers are held and computed, and the check that they were.

Training in `amp_fp16` does not scale its loss: gradients of a mean over generated data stay where float16 has
its bits (scaled by 1024 they come out no better), and the proof holds them against those of fp32, so one that
underflowed would fail the cell. What a `GradScaler` costs is therefore not in the numbers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import chain
from types import MappingProxyType

import torch
from torch import Tensor, nn

from bench.records.case import Case, Precision
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation, count_dtypes, format_dtypes

_CAST: Mapping[Precision, torch.dtype] = MappingProxyType({"bf16": torch.bfloat16, "fp16": torch.float16})
_AUTOCAST: Mapping[Precision, torch.dtype] = MappingProxyType({"amp_bf16": torch.bfloat16, "amp_fp16": torch.float16})
_INT8 = frozenset({torch.qint8, torch.quint8, torch.int8})


def cast_inputs(inputs: Mapping[str, Tensor], precision: Precision) -> dict[str, Tensor]:
    """Cast floating-point inputs as the weights are cast; integers, autocast's inputs and those of int8 stay."""
    dtype = _CAST.get(precision)
    if dtype is None:
        return dict(inputs)
    return {name: each.to(dtype) if each.is_floating_point() else each for name, each in inputs.items()}


def ambient_autocast(case: Case) -> AbstractContextManager[object]:
    """The autocast that all iterations share: on for inference in amp_bf16 and amp_fp16, and surely off elsewhere.

    In inference mode autocast remembers no casts, so eager casts every weight in every iteration, as it
    does for all who enter the context for each request, TorchBench among them. (Under `no_grad` it would
    remember them for as long as the context lasts.) A backend that freezes folds the casts away.
    """
    dtype = _AUTOCAST.get(case.precision) if case.mode == "inference" else None
    return torch.autocast("cpu", dtype=dtype or torch.bfloat16, enabled=dtype is not None)


def step_autocast(case: Case) -> Callable[[], AbstractContextManager[object]]:
    """Makes the autocast around forward pass and loss of one training step, which is part of what is timed."""
    dtype = _AUTOCAST.get(case.precision) if case.mode == "training" else None
    return nullcontext if dtype is None else partial(torch.autocast, "cpu", dtype=dtype)


def check_precision(case: Case, model: nn.Module, observation: Observation) -> dict[str, str]:
    """Hold what was seen against the precision asked for.

    How much of an int8 model is int8 is counted by `bench.variants.quantization`; here its weights are.

    Returns:
        The evidence.

    Raises:
        NoEffectError: the weights' type is another, no result was computed in the precision asked for, or one
            was computed in low precision that nobody asked for.
    """
    if case.precision in {"fx_int8", "pt2e_int8"}:
        held = count_dtypes(_int8_weights(model))
        if not _INT8 & set(held):
            raise NoEffectError(f"{case.precision} holds weights in int8, but they are {format_dtypes(held)}")
    else:
        held = count_dtypes(model.parameters())
        _check_floating(case, set(held), observation, seen=format_dtypes(held))
    return {"parameter_dtypes": format_dtypes(held), "result_dtypes": format_dtypes(observation.dtypes)}


def _check_floating(case: Case, held: set[torch.dtype], observation: Observation, *, seen: str) -> None:
    wanted = _CAST.get(case.precision, torch.float32)
    if held != {wanted}:
        raise NoEffectError(f"{case.precision} holds weights as {wanted}, but they are {seen}")
    computed = _CAST.get(case.precision) or _AUTOCAST.get(case.precision)
    if computed is None and observation.low_precision:
        raise NoEffectError(f"fp32 has no results in low precision, but saw {format_dtypes(observation.dtypes)}")
    if computed is not None and not observation.dtypes[computed]:
        raise NoEffectError(
            f"{case.precision} took no effect: no result was in low precision, saw {format_dtypes(observation.dtypes)}"
        )


def _int8_weights(model: nn.Module) -> Iterable[Tensor]:
    """Weights of two and more dimensions: parameters, buffers that were folded to int8, and those packed for an engine."""
    buffers = (each for each in model.buffers() if each.dtype == torch.int8)
    weights = chain(model.parameters(), buffers, _packed_weights(model))
    return (each for each in weights if each.ndim > 1)


def _packed_weights(model: nn.Module) -> Iterator[Tensor]:
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if callable(weight) and not isinstance(weight, nn.Module):
            yield weight()
