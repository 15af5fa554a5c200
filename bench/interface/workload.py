"""A workload that was built: a model, its inputs, and how one iteration runs.

`bench.workloads` builds it; `bench.variants` casts, lays out and compiles it. torch is named here for types only.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from bench.records.case import Case

if TYPE_CHECKING:
    from torch import Tensor, nn

Forward = Callable[..., Any]
"""A model as it is called: the module itself, or the function that a compiler made from it."""
Autocast = Callable[[], AbstractContextManager[object]]
"""Makes the context that a training step's forward pass and loss run in."""


class Iteration(Protocol):
    """What is timed, and how to start it again.

    Attributes:
        call: Runs one iteration.
        cycle: Iterations after which the state repeats.
        reads: The inputs that one iteration reads.
        state_bytes: Bytes that one iteration reads besides weights and inputs: what a cache holds.
    """

    @property
    def call(self) -> Callable[[], Any]: ...  # noqa: D102 - the class says it
    @property
    def cycle(self) -> int: ...  # noqa: D102
    @property
    def reads(self) -> "tuple[Tensor, ...]": ...  # noqa: D102
    @property
    def state_bytes(self) -> int: ...  # noqa: D102

    def reset(self) -> None:
        """Return to the state before the first iteration of a cycle."""

    def outputs(self) -> "list[Tensor]":
        """Reset, run one cycle, and return what correctness compares: float32 copies, detached."""

    def expected(self) -> "list[Tensor]":
        """Return the values that `outputs` should return, by the shortest computation; for a reference."""


@runtime_checkable
class Generating(Protocol):
    """What an iteration that generates tokens offers besides."""

    def generated_tokens(self) -> "Tensor":
        """Return the tokens of a free greedy decode."""

    def next_logits(self, generated_tokens: "Tensor") -> "list[Tensor]":
        """Return the logits after each of these tokens, step by step as in the timed loop."""

    def expected_next_logits(self, generated_tokens: "Tensor") -> "list[Tensor]":
        """Return the same logits by the shortest computation: one pass over all tokens."""


@runtime_checkable
class TrainingStages(Protocol):
    """What an iteration whose stages can be timed apart offers besides: a training step."""

    def time_stages(self) -> dict[str, int]:
        """Run one step, and return the nanoseconds of forward, loss, backward and optimizer."""


@runtime_checkable
class Seeded(Protocol):
    """What an iteration offers besides whose outputs are those after seeding all generators."""

    def depends_on_seed(self) -> bool:
        """Return whether another seed gives other outputs: then a compiler that draws its own numbers cannot be compared."""


@runtime_checkable
class OwnReference(Protocol):
    """What a model offers besides whose expected outputs are not those of eager fp32.

    Attributes:
        expected_by: What computes them.
    """

    @property
    def expected_by(self) -> str: ...  # noqa: D102 - the class says it


@runtime_checkable
class OnnxProgram(Protocol):
    """What a model offers besides that was read from an ONNX file: engines read the file, and eager torch cannot run it.

    Attributes:
        onnx_file: Where it lies.
        dimensions: Dimensions that the file names and does not fix → their values here.
    """

    @property
    def onnx_file(self) -> Path: ...  # noqa: D102 - the class says it
    @property
    def dimensions(self) -> Mapping[str, int]: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A model with generated weights, in the case's data type, contiguous, and uncompiled.

    Attributes:
        case: What was asked for.
        model: In evaluation or training mode, as the case says.
        inputs: Everything generated that is not a weight, float32 or int64 whatever the precision.
        items_per_iteration: What throughput counts, in one iteration.
        fill: Writes the generated weights into the model again.
        iterate: Makes the iteration of a forward function, prepared inputs and an autocast context.
    """

    case: Case
    model: "nn.Module"
    inputs: "Mapping[str, Tensor]"
    items_per_iteration: int
    fill: Callable[[], None]
    iterate: "Callable[[Forward, Mapping[str, Tensor], Autocast], Iteration]"
