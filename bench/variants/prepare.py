"""Turns a workload that was built into what is timed: cast, laid out and compiled as its case says."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn

from bench.errors import EnvironmentUnfitError
from bench.records.case import Backend, Case
from bench.variants.engines import why_not_installed
from bench.variants.memory_format import check_memory_format, convert_inputs, convert_model
from bench.variants.observation import Observation
from bench.variants.precision import ambient_autocast, cast_inputs, check_precision, step_autocast
from bench.variants.quantization.engine import effective_engine
from bench.variants.quantization.quantize import Quantized, load_quantization, quantize

_RUNNERS: Mapping[Backend, str] = MappingProxyType(
    {
        "eager": "bench.variants.backends.eager:Eager",
        "torchscript": "bench.variants.backends.torchscript:TorchScript",
        "inductor": "bench.variants.backends.inductor:Inductor",
        "inductor_freezing": "bench.variants.backends.inductor_freezing:InductorFreezing",
        "inductor_max_autotune": "bench.variants.backends.inductor_max_autotune:InductorMaxAutotune",
        "aot_inductor": "bench.variants.backends.aot_inductor:AotInductor",
        "onnxruntime": "bench.variants.backends.onnxruntime:OnnxRuntime",
        "openvino": "bench.variants.backends.openvino:OpenVino",
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


@runtime_checkable
class Generating(Protocol):
    """What an iteration offers besides, that writes tokens: `bench.workloads.generation.Decode` says what each part is."""

    def generated_tokens(self) -> Tensor: ...  # noqa: D102
    def next_logits(self, generated_tokens: Tensor) -> list[Tensor]: ...  # noqa: D102
    def expected_next_logits(self, generated_tokens: Tensor) -> list[Tensor]: ...  # noqa: D102


@runtime_checkable
class TrainingStages(Protocol):
    """What an iteration offers besides, whose parts can be timed apart: a step of training."""

    def time_stages(self) -> dict[str, int]: ...  # noqa: D102


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
        holds_casts: What is called holds autocast's casts already, so autocast is off around it.
        compile_s, load_s: What `compile` spent on making a program, and on loading it.
    """

    forward: Callable[..., object]
    holds_casts: bool
    compile_s: float
    load_s: float

    def __init__(self, model: nn.Module, case: Case, **options: Any) -> None: ...  # noqa: ANN401 - a backend's own

    def context(self, case: Case) -> AbstractContextManager[object]:
        """The context that all iterations share."""

    def compile(self, iteration: Iteration) -> None:
        """Do what is to be done before the first call; leaves the iteration as it was after `reset`."""

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
        compile_s: Seconds in compilers before the first call; what the first call compiles is not in it.
        load_s: Seconds in which a program that was made beforehand was loaded.
    """

    def __init__(self, workload: Workload, case: Case, runner: Runner, quantized: Quantized | None = None) -> None:
        self._case = case
        self._model = workload.model if quantized is None else quantized.model
        self._quantized = quantized
        self._runner = runner
        inputs = convert_inputs(cast_inputs(workload.inputs, case.precision), case.memory_format)
        with effective_engine(case), runner.context(case), ambient_autocast(case):
            self._iteration = workload.iterate(runner.forward, inputs, step_autocast(case))
            runner.compile(self._iteration)
        self.compile_s, self.load_s = runner.compile_s, runner.load_s
        self.call = self._iteration.call
        self.cycle = self._iteration.cycle
        self.reads = self._iteration.reads
        self.state_bytes = self._iteration.state_bytes
        self.items_per_iteration = workload.items_per_iteration

    @contextmanager
    def context(self) -> Iterator[None]:
        """What holds for all iterations, entered once outside the loop: gradient mode, autocast, compiler's settings."""
        autocast = nullcontext() if self._runner.holds_casts else ambient_autocast(self._case)
        with effective_engine(self._case), self._runner.context(self._case), autocast:
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

    def generated_tokens(self) -> Tensor | None:
        """The tokens of a free greedy decode; None where the workload writes none."""
        if not isinstance(self._iteration, Generating):
            return None
        with self.context():
            return self._iteration.generated_tokens()

    def next_logits(self, generated_tokens: Tensor, *, shortest: bool = False) -> list[Tensor]:
        """The logits after each of these tokens, for a workload that writes; `shortest` as in `expected`."""
        if not isinstance(self._iteration, Generating):
            raise TypeError("this workload writes no tokens")
        with self.context():
            return (self._iteration.expected_next_logits if shortest else self._iteration.next_logits)(generated_tokens)

    def time_stages(self, rounds: int) -> dict[str, tuple[int, ...]]:
        """Nanoseconds of each part of so many untimed steps of training; empty for inference."""
        if not isinstance(self._iteration, TrainingStages):
            return {}
        with self.context():
            steps = [self._iteration.time_stages() for _ in range(rounds)]
        return {part: tuple(step[part] for step in steps) for part in steps[0]}

    def evidence(self) -> dict[str, str]:
        """What shows that precision, memory format and backend took effect; runs one untimed iteration.

        Raises:
            NoEffectError: one of them did not.
        """
        with self.context():
            observation = self._runner.observe(self.call)
            int8 = self._quantized.evidence(self.call, observation) if self._quantized is not None else {}
        return {
            **self._runner.evidence(),
            **int8,
            **check_precision(self._case, self._model, observation),
            **check_memory_format(self._case, self._model, observation),
        }


def load_variant(case: Case) -> None:
    """Load what `prepare` will need of a case's backend and precision, so that their libraries are no part of its time.

    Raises:
        EnvironmentUnfitError: the backend's packages are not installed.
    """
    _load_runner(case)
    load_quantization(case)


def prepare(workload: Workload, case: Case, package: Path | None = None) -> Prepared:
    """Make a workload's variant; compilers do their work here or, those of `torch.compile`, in the first call.

    A language model's decode phase reads its prompt here, with the model uncompiled.

    Args:
        workload: Built for this case; its model is laid out in place.
        case: What was asked for, valid by `bench.workloads.validity`.
        package: What `make_package` made for the same case, for `aot_inductor` only; None makes one here.

    Raises:
        EnvironmentUnfitError: the backend's packages are not installed.
        NoEffectError: the backend cannot make of the model what the case asks for.
    """
    options: dict[str, object] = {} if package is None else {"package": package}
    return _prepare(workload, case, options)


def make_package(workload: Workload, case: Case, path: Path) -> float:
    """Make a package for `aot_inductor`, for another process to hand to `prepare`; it is not loaded.

    Args:
        workload: Built for this case; of no use afterwards.
        case: Whose backend is `aot_inductor`.
        path: Where to put it, ending in `.pt2`; what was seen goes beside it.

    Returns:
        Seconds it took; they are in the package's facts too, and `Prepared.compile_s` repeats them.
    """
    return _prepare(workload, case, {"package": path, "load": False}).compile_s


def _prepare(workload: Workload, case: Case, options: Mapping[str, object]) -> Prepared:
    runner = _load_runner(case)
    convert_model(workload.model, case.memory_format)
    quantized = quantize(workload, case, convert_inputs(workload.inputs, case.memory_format))
    model = workload.model if quantized is None else quantized.model
    return Prepared(workload, case, runner(model, case, **options), quantized)


def _load_runner(case: Case) -> type[Runner]:
    lacking = why_not_installed(case.backend)
    if lacking is not None:
        raise EnvironmentUnfitError(lacking)
    module, _, name = _RUNNERS[case.backend].partition(":")
    runner: type[Runner] = getattr(importlib.import_module(module), name)
    return runner
