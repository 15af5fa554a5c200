"""A workload that was built: a model, its inputs, and what one iteration of it is."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from bench.records.case import Case, Precision

Forward = Callable[..., Any]
"""A model as it is called: the module itself, or what a compiler made of it."""
Autocast = Callable[[], AbstractContextManager[object]]
"""Makes the context that a training step's forward pass and loss run in."""


class Iteration(Protocol):
    """What is timed, and how to begin it again.

    Attributes:
        call: Runs one iteration.
        cycle: Iterations after which the state repeats.
        reads: The inputs that one iteration reads.
        state_bytes: Bytes that one iteration reads besides weights and inputs: what a cache holds.
    """

    call: Callable[[], Any]
    cycle: int
    reads: tuple[Tensor, ...]
    state_bytes: int

    def reset(self) -> None:
        """Go back to the state before the first iteration of a cycle."""

    def outputs(self) -> list[Tensor]:
        """Reset, run one cycle, and return what correctness compares: float32 copies, detached."""

    def expected(self) -> list[Tensor]:
        """What `outputs` should return, for a reference: the same by whatever way is shortest."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A model with generated weights, in the case's data type, contiguous, and uncompiled.

    Attributes:
        case: What was asked for.
        model: Set to evaluate or to train, as the mode wants it.
        inputs: Everything generated that is not a weight, float32 or int64 whatever the precision.
        items_per_iteration: What throughput counts, in one iteration.
        fill: Writes the generated weights into the model again.
        iterate: Makes the iteration of a forward function, prepared inputs and an autocast context.
    """

    case: Case
    model: nn.Module
    inputs: Mapping[str, Tensor]
    items_per_iteration: int
    fill: Callable[[], None]
    iterate: Callable[[Forward, Mapping[str, Tensor], Autocast], Iteration]


def weights_dtype(precision: Precision) -> torch.dtype:
    """The data type that weights are built in: autocast leaves them in float32, and int8 is made from float32."""
    return _HELD.get(precision, torch.float32)


def activations_dtype(precision: Precision) -> torch.dtype:
    """The data type that linear layers put out, which is what a cache of keys and values has to hold."""
    return _HELD.get(precision) or _AUTOCAST.get(precision, torch.float32)


_HELD: Mapping[Precision, torch.dtype] = MappingProxyType({"bf16": torch.bfloat16, "fp16": torch.float16})
_AUTOCAST: Mapping[Precision, torch.dtype] = MappingProxyType({"amp_bf16": torch.bfloat16, "amp_fp16": torch.float16})
