"""What backends share that make their program before the first call, of the arguments which it would be handed."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from time import perf_counter
from typing import Any, ClassVar, Protocol
from weakref import finalize

import torch
from torch import Tensor, nn

from bench.records.case import Case
from bench.variants.backends.signature import FlatModel, Signature, capture, stop_at
from bench.variants.observation import Observation


class Restartable(Protocol):
    """What this room needs of an iteration to make a program for it."""

    @property
    def call(self) -> Callable[[], Any]: ...  # noqa: D102
    def reset(self) -> None: ...  # noqa: D102


class AheadOfTime(ABC):
    """Makes a program from tensors to tensors, and calls it in the model's place.

    Attributes:
        forward: Calls the program; before there is one, nothing can be called.
        compile_s: Seconds in which the program was made.
        load_s: Seconds in which it was loaded.
    """

    holds_casts = True
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
        """No gradients. Inference mode would save such a program nothing, and exporting fails in it."""
        with torch.no_grad():
            yield

    def compile(self, iteration: Restartable) -> None:
        """Make the program and load it; to be called within `context` and autocast, where it is wanted."""
        signature = capture(iteration.call)
        flat = FlatModel(self._model, signature, functional=self.functional).eval()
        with _autocast_that_forgets():
            run = self._build(flat, signature)
        iteration.reset()

        def program(*args: Any, **kwargs: Any) -> object:  # noqa: ANN401 - whatever the model takes
            return flat.restore(run(signature.flatten(args, kwargs)))

        self._program = program

    @abstractmethod
    def observe(self, call: Callable[[], object]) -> Observation:
        """Run one call, and say what the program's inner results look like."""

    @abstractmethod
    def evidence(self) -> dict[str, str]:
        """What shows that the program is what was asked for; raises NoEffectError if it is not."""

    @abstractmethod
    def _build(self, flat: FlatModel, signature: Signature) -> Callable[[list[Tensor]], list[Tensor]]:
        """Make the program and load it, and set what each took."""

    def _forward(self, *args: Any, **kwargs: Any) -> object:  # noqa: ANN401 - whatever the model takes
        return self._program(*args, **kwargs)

    def _make_folder(self) -> Path:
        """A folder of this object's own, which goes when it does."""
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
def _autocast_that_forgets() -> Iterator[None]:
    """The autocast in force, without its memory of casts: a remembered one would be missing in what is traced."""
    with torch.autocast(
        "cpu",
        dtype=torch.get_autocast_dtype("cpu"),
        enabled=torch.is_autocast_enabled("cpu"),
        cache_enabled=False,
    ):
        yield
