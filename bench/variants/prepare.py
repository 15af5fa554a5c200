"""Make the timed call from a workload that was built: cast, laid out and compiled as its case says."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

from bench.backends.registry import find_backend, find_missing_packages
from bench.errors import EnvironmentUnfitError
from bench.interface.workload import Generating, Iteration, Seeded, TrainingStages, Workload
from bench.records.case import Case
from bench.variants.memory_format import check_memory_format, convert_inputs, convert_model
from bench.variants.observation import Observation
from bench.variants.precision import ambient_autocast, cast_inputs, check_precision, step_autocast
from bench.variants.quantization.engine import effective_engine
from bench.variants.quantization.quantize import Quantized, load_quantization, quantize


class Runner(Protocol):
    """A backend that runs one model.

    Attributes:
        forward: The model as it is called.
        holds_casts: The compiled program contains autocast's casts already, so autocast is off around it.
        compile_s, load_s: Seconds that `compile` spent on compiling a program, and on loading it.
        compilations: Programs that calls have compiled so far; 0 where calls compile nothing.
    """

    forward: Callable[..., object]
    holds_casts: bool
    compile_s: float
    load_s: float

    @property
    def compilations(self) -> int: ...  # noqa: D102 - the class says it

    def __init__(self, model: nn.Module, case: Case, **options: Any) -> None: ...  # noqa: ANN401 - a backend's own

    def context(self, case: Case) -> AbstractContextManager[object]:
        """Return the context that all iterations share."""

    def compile(self, iteration: Iteration) -> None:
        """Compile what is compiled before the first call; leaves the iteration as it was after `reset`."""

    def observe(self, call: Callable[[], object]) -> Observation:
        """Run one call, and return what the model's inner results look like."""

    def evidence(self) -> dict[str, str]:
        """Return what shows that the backend took effect; raises NoEffectError if it did not."""


class Prepared:
    """A workload ready to be timed.

    Attributes:
        call: Runs one iteration; to be called within `context`.
        cycle: Iterations after which the state repeats.
        items_per_iteration: What throughput counts.
        reads: The inputs that one iteration reads, cast and laid out.
        state_bytes: Bytes that it reads besides those and the weights.
        compile_s: Seconds in compilers before the first call; compilation in the first call is not included.
        load_s: Seconds in which a program that was compiled beforehand was loaded.
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
        """Set what holds for all iterations: gradient mode, autocast, compiler settings; entered once, outside the loop."""
        autocast = nullcontext() if self._runner.holds_casts else ambient_autocast(self._case)
        with effective_engine(self._case), self._runner.context(self._case), autocast:
            yield

    @property
    def compilations(self) -> int:
        """Programs that calls have compiled so far."""
        return self._runner.compilations

    def compile_other_shapes(self) -> None:
        """Run calls of one cycle until one of them compiles nothing; to be called within `context`, after the first call.

        A compiler takes the first call's shapes as fixed. Where the next call has others, it compiles again, for any
        shape if it can, and then no more.
        """
        seen = 0
        for _ in range(self.cycle - 1):
            if seen == self.compilations:
                return
            seen = self.compilations
            self.call()

    def reset(self) -> None:
        """Return to the state before the first iteration of a cycle."""
        with self.context():
            self._iteration.reset()

    def outputs(self) -> list[Tensor]:
        """Return what correctness compares, from a fresh state, in float32: one cycle's outputs, or loss and gradients."""
        with self.context():
            return self._iteration.outputs()

    def expected(self) -> list[Tensor]:
        """Return what `outputs` should, where this is the reference: the same by the shortest computation."""
        with self.context():
            return self._iteration.expected()

    def generated_tokens(self) -> Tensor | None:
        """Return the tokens of a free greedy decode; None where the workload generates none."""
        if not isinstance(self._iteration, Generating):
            return None
        with self.context():
            return self._iteration.generated_tokens()

    def next_logits(self, generated_tokens: Tensor, *, shortest: bool = False) -> list[Tensor]:
        """Return the logits after each of these tokens, for a workload that generates; `shortest` as in `expected`."""
        if not isinstance(self._iteration, Generating):
            raise TypeError("this workload generates no tokens")
        with self.context():
            return (self._iteration.expected_next_logits if shortest else self._iteration.next_logits)(generated_tokens)

    def depends_on_seed(self) -> bool:
        """Return whether outputs depend on the seed of random generators; False where the iteration seeds none."""
        if not isinstance(self._iteration, Seeded):
            return False
        with self.context():
            return self._iteration.depends_on_seed()

    def time_stages(self, rounds: int) -> dict[str, tuple[int, ...]]:
        """Return the nanoseconds of each stage in some training steps after the timed part; empty for inference."""
        if not isinstance(self._iteration, TrainingStages):
            return {}
        with self.context():
            steps = [self._iteration.time_stages() for _ in range(rounds)]
        return {stage: tuple(step[stage] for step in steps) for stage in steps[0]}

    def evidence(self) -> dict[str, str]:
        """Return what shows that precision, memory format and backend took effect; runs one untimed iteration.

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
    """Import what `prepare` needs for a case's backend and precision, so that imports are no part of its time.

    Raises:
        EnvironmentUnfitError: the backend's packages are not installed.
    """
    _load_runner(case)
    load_quantization(case)


def prepare(workload: Workload, case: Case, package: Path | None = None) -> Prepared:
    """Return a workload's variant, ready to be timed.

    Ahead-of-time compilers run here, `torch.compile` runs in the first call. A language model's decode phase reads
    its prompt here, with the model uncompiled.

    Args:
        workload: Built for this case; its model is laid out in place.
        case: What was asked for, valid by `bench.workloads.validity`.
        package: What `make_package` made for the same case; None compiles it here. Only for backends whose facts
            say `packages_model`.

    Raises:
        EnvironmentUnfitError: the backend's packages are not installed.
        NoEffectError: the backend cannot run the model as the case says.
    """
    options: dict[str, object] = {} if package is None else {"package": package}
    return _prepare(workload, case, options)


def make_package(workload: Workload, case: Case, path: Path) -> float:
    """Compile a model into a file, which another process hands to `prepare`; it is not loaded here.

    Args:
        workload: Built for this case; of no use afterwards.
        case: Its backend's facts say `packages_model`.
        path: Where to write it, ending in `.pt2`; what was observed is written beside it.

    Returns:
        Seconds it took; the package's facts have them too, and `Prepared.compile_s` repeats them.
    """
    return _prepare(workload, case, {"package": path, "load": False}).compile_s


def _prepare(workload: Workload, case: Case, options: Mapping[str, object]) -> Prepared:
    runner = _load_runner(case)
    convert_model(workload.model, case.memory_format)
    quantized = quantize(workload, case, convert_inputs(workload.inputs, case.memory_format))
    model = workload.model if quantized is None else quantized.model
    return Prepared(workload, case, runner(model, case, **options), quantized)


def _load_runner(case: Case) -> type[Runner]:
    missing = find_missing_packages(case.backend)
    if missing:
        raise EnvironmentUnfitError(
            f"backend {case.backend} needs {', '.join(missing)}, not installed here; install the extra `engines`, locked "
            "in images/requirements-engines.lock"
        )
    module, _, name = find_backend(case.backend).runner.partition(":")
    runner: type[Runner] = getattr(importlib.import_module(module), name)
    return runner
