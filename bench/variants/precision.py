"""Precision: how a case's numbers are held and computed, and the check that they were."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn

from bench.records.case import Case, Precision
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation, count_dtypes, format_dtypes


def cast_inputs(inputs: Mapping[str, Tensor], precision: Precision) -> dict[str, Tensor]:
    """Cast floating-point inputs as the weights are cast; integers and autocast's inputs stay as they are."""
    if precision != "bf16":
        return dict(inputs)
    return {name: each.bfloat16() if each.is_floating_point() else each for name, each in inputs.items()}


def ambient_autocast(case: Case) -> AbstractContextManager[object]:
    """The autocast that all iterations share: on for inference in amp_bf16, and surely off for everything else.

    In inference mode autocast remembers no casts, so eager casts every weight in every iteration, as it
    does for all who enter the context for each request, TorchBench among them. (Under `no_grad` it would
    remember them for as long as the context lasts.) A backend that freezes folds the casts away.
    """
    enabled = case.precision == "amp_bf16" and case.mode == "inference"
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled)


def step_autocast(case: Case) -> Callable[[], AbstractContextManager[object]]:
    """Makes the autocast around forward pass and loss of one training step, which is part of what is timed."""
    if case.precision == "amp_bf16" and case.mode == "training":
        return partial(torch.autocast, "cpu", dtype=torch.bfloat16)
    return nullcontext


def check_precision(case: Case, model: nn.Module, observation: Observation) -> dict[str, str]:
    """Hold what was seen against the precision asked for.

    Returns:
        The evidence.

    Raises:
        NoEffectError: the weights' type is another, or no result was computed in low precision, or one was in fp32.
    """
    held = count_dtypes(model.parameters())
    wanted = torch.bfloat16 if case.precision == "bf16" else torch.float32
    if set(held) != {wanted}:
        raise NoEffectError(f"{case.precision} holds weights as {wanted}, but they are {format_dtypes(held)}")
    if case.precision == "fp32" and observation.low_precision:
        raise NoEffectError(f"fp32 has no results in low precision, but saw {format_dtypes(observation.dtypes)}")
    if case.precision != "fp32" and not observation.low_precision:
        raise NoEffectError(
            f"{case.precision} took no effect: no result was in low precision, saw {format_dtypes(observation.dtypes)}"
        )
    return {"parameter_dtypes": format_dtypes(held), "result_dtypes": format_dtypes(observation.dtypes)}
