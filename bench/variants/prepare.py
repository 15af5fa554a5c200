"""Turns a workload that was built into what is timed: cast, laid out and compiled as its case says."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType
from typing import Any, Protocol

from torch import Tensor, nn

from bench.records.case import Backend, Case
from bench.variants.memory_format import check_memory_format, convert_inputs, convert_model
from bench.variants.observation import Observation
from bench.variants.precision import ambient_autocast, cast_inputs, check_precision, step_autocast

_RUNNERS: Mapping[Backend, str] = MappingProxyType(
    {
        "eager": "bench.variants.backends.eager:Eager",
        "inductor_freezing": "bench.variants.backends.inductor_freezing:InductorFreezing",
    }
)


class Iteration(Protocol):
    """What this room needs of an iteration; `bench.workloads.workload.Iteration` says what each part is."""

    @property
    def call(self) -> Callable[[], Any]: ...  # noqa: D102
    @property
    def cycle(self) -> int: ...  # noqa: D102
    @property
    def reads(self) -> tuple[Tensor, ...]: ...  # noqa: D102
    @property
    def state_bytes(self) -> int: ...  # noqa: D102
    def reset(self) -> None: ...  # noqa: D102
    def outputs(self) -> list[Tensor]: ...  # noqa: D102
    def expected(self) -> list[Tensor]: ...  # noqa: D102


class Workload(Protocol):
    """What this room needs of a workload; `bench.workloads.workload.Workload` says what each part is."""

    @property
    def model(self) -> nn.Module: ...  # noqa: D102
    @property
    def inputs(self) -> Mapping[str, Tensor]: ...  # noqa: D102
    @property
    def items_per_iteration(self) -> int: ...  # noqa: D102
    @property
    def iterate(self) -> Callable[..., Iteration]: ...  # noqa: D102


class Runner(Protocol):
    """What a backend offers: it is made of a model, and says how to call it.

    Attributes:
        forward: The model as it is called.
    """

    forward: Callable[..., object]

    def __init__(self, model: nn.Module) -> None: ...

    def context(self, case: Case) -> AbstractContextManager[object]:
        """The context that all iterations share."""

    def observe(self, call: Callable[[], object]) -> Observation:
        """Run one call, and say what the model's inner results look like."""

    def evidence(self) -> dict[str, str]:
        """What shows that the backend took effect; raises NoEffectError if it did not."""


class Prepared:
    """A workload ready to be timed.

    Attributes:
        call: Runs one iteration; to be called within `context`.
        cycle: Iterations after which the state repeats.
        items_per_iteration: What throughput counts.
        reads: The inputs that one iteration reads, cast and laid out.
        state_bytes: Bytes that it reads besides those and the weights.
    """

    def __init__(self, workload: Workload, case: Case, runner: Runner) -> None:
        self._case = case
        self._model = workload.model
        self._runner = runner
        inputs = convert_inputs(cast_inputs(workload.inputs, case.precision), case.memory_format)
        with self.context():
            self._iteration = workload.iterate(runner.forward, inputs, step_autocast(case))
        self.call = self._iteration.call
        self.cycle = self._iteration.cycle
        self.reads = self._iteration.reads
        self.state_bytes = self._iteration.state_bytes
        self.items_per_iteration = workload.items_per_iteration

    @contextmanager
    def context(self) -> Iterator[None]:
        """What holds for all iterations, entered once outside the loop: gradient mode, autocast, compiler's settings."""
        with self._runner.context(self._case), ambient_autocast(self._case):
            yield

    def reset(self) -> None:
        """Go back to the state before the first iteration of a cycle."""
        with self.context():
            self._iteration.reset()

    def outputs(self) -> list[Tensor]:
        """What correctness compares, from a fresh state and in float32: of one cycle, or loss and all gradients."""
        with self.context():
            return self._iteration.outputs()

    def expected(self) -> list[Tensor]:
        """What `outputs` should return, where this is the reference: the same by the shortest way."""
        with self.context():
            return self._iteration.expected()

    def evidence(self) -> dict[str, str]:
        """What shows that precision, memory format and backend took effect; runs one untimed iteration.

        Raises:
            NoEffectError: one of them did not.
        """
        with self.context():
            observation = self._runner.observe(self.call)
        return {
            **self._runner.evidence(),
            **check_precision(self._case, self._model, observation),
            **check_memory_format(self._case, self._model, observation),
        }


def prepare(workload: Workload, case: Case) -> Prepared:
    """Make a workload's variant; compilers do their work in the first call.

    A language model's decode phase reads its prompt here, with the model uncompiled.

    Args:
        workload: Built for this case; its model is laid out in place.
        case: What was asked for, valid by `bench.workloads.validity`.
    """
    convert_model(workload.model, case.memory_format)
    module, _, name = _RUNNERS[case.backend].partition(":")
    runner: type[Runner] = getattr(importlib.import_module(module), name)
    return Prepared(workload, case, runner(workload.model))
