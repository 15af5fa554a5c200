"""What backends share that compile a program before the first call, from the arguments of that call."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from time import perf_counter
from typing import Any, ClassVar
from weakref import finalize

import torch
from torch import Tensor, nn

from bench.interface.workload import Iteration
from bench.records.case import Case
from bench.variants.backends.signature import FlatModel, Signature, capture, stop_at
from bench.variants.observation import Observation


class AheadOfTime(ABC):
    """Compiles a program from tensors to tensors, and calls it in the model's place.

    Attributes:
        forward: Calls the program; it cannot be called before `compile`.
        compile_s: Seconds in which the program was compiled.
        load_s: Seconds in which it was loaded.
    """

    holds_casts = True
    compilations = 0
    functional: ClassVar[bool]
    """Whether the program returns state instead of writing to it."""

    def __init__(self, model: nn.Module, case: Case) -> None:
        self.forward: Callable[..., object] = self._forward
        self.compile_s = 0.0
        self.load_s = 0.0
        self._model = model
        self._case = case
        self._program: Callable[..., object] = stop_at

    @contextmanager
    def context(self, case: Case) -> Iterator[None]:  # noqa: ARG002 - it only infers
        """Switch gradients off. Inference mode would save such a program nothing, and torch.export fails in it."""
        with torch.no_grad():
            yield

    def compile(self, iteration: Iteration) -> None:
        """Compile the program and load it; to be called within `context`, and within autocast where the case has it."""
        signature = capture(iteration.call)
        flat = FlatModel(self._model, signature, functional=self.functional).eval()
        with _autocast_without_cache():
            run = self._build(flat, signature)
        iteration.reset()

        def program(*args: Any, **kwargs: Any) -> object:  # noqa: ANN401 - whatever the model takes
            return flat.restore(run(signature.flatten(args, kwargs)))

        self._program = program

    @abstractmethod
    def observe(self, call: Callable[[], object]) -> Observation:
        """Run one call, and return what the program's inner results look like."""

    @abstractmethod
    def evidence(self) -> dict[str, str]:
        """Return what shows that the program is what was asked for; raises NoEffectError if it is not."""

    @abstractmethod
    def _build(self, flat: FlatModel, signature: Signature) -> Callable[[list[Tensor]], list[Tensor]]:
        """Compile the program and load it, and set `compile_s` and `load_s`."""

    def _forward(self, *args: Any, **kwargs: Any) -> object:  # noqa: ANN401 - whatever the model takes
        return self._program(*args, **kwargs)

    def _make_folder(self) -> Path:
        """Make a temporary folder, which is deleted with this object."""
        folder = mkdtemp(prefix=f"bench-{self._case.backend}-")
        finalize(self, rmtree, folder, ignore_errors=True)
        return Path(folder)

    @contextmanager
    def _timed(self, cost: str) -> Iterator[None]:
        """Add the time of a block to `compile_s` or `load_s`."""
        start = perf_counter()
        yield
        setattr(self, cost, getattr(self, cost) + perf_counter() - start)


@contextmanager
def _autocast_without_cache() -> Iterator[None]:
    """Keep the effective autocast, but without its cache of casts: a cached cast would be missing in what is traced."""
    with torch.autocast(
        "cpu",
        dtype=torch.get_autocast_dtype("cpu"),
        enabled=torch.is_autocast_enabled("cpu"),
        cache_enabled=False,
    ):
        yield
