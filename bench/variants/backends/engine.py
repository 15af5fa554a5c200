"""What engines beyond PyTorch share: they read inputs and write results in torch's memory, without copies.

Such an engine does not write to its inputs, so state is both an input and an output. Two copies of it alternate: one is
read, the other is written.
"""

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor
from typing_extensions import override

from bench.interface.workload import OnnxProgram
from bench.variants.backends.ahead_of_time import AheadOfTime
from bench.variants.backends.signature import FlatModel, Signature, tuple_form
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation


class Engine(AheadOfTime):
    """Converts the exported model, loads it into the engine, and binds inputs and outputs to torch's memory."""

    functional = True

    @override
    def observe(self, call: Callable[[], object]) -> Observation:
        """Run one call, and return what the engine reports of the model."""
        call()
        return self._observe()

    @abstractmethod
    def _read(self, program: OnnxProgram, shapes: list[list[int]]) -> None:
        """Take a model from its file, with inputs of these shapes; in place of `_convert`."""

    @abstractmethod
    def _convert(self, exported: torch.export.ExportedProgram) -> None:
        """Convert the model into the engine's own form."""

    @abstractmethod
    def _open(self, threads: int) -> list[Tensor]:
        """Load the model for so many threads; return memory for its outputs, in their order."""

    @abstractmethod
    def _bind(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """Set where the engine reads and writes in the next call."""

    @abstractmethod
    def _infer(self) -> None:
        """Run the model once."""

    @abstractmethod
    def _observe(self) -> Observation:
        """Return what the engine reports of its inner results."""

    @override
    def _build(self, flat: FlatModel, signature: Signature) -> Callable[[list[Tensor]], list[Tensor]]:
        self._called = 0
        if self._case.memory_format != "contiguous":
            raise NoEffectError(
                f"{self._case.backend} takes contiguous inputs only, and chooses the layout of images itself"
            )
        # Export without autocast's casts: an engine with low precision decides itself where to use it.
        with self._timed("compile_s"), torch.autocast("cpu", enabled=False):
            if isinstance(self._model, OnnxProgram):
                self._read(self._model, [list(tensor.shape) for tensor in signature.example])
            else:
                self._convert(torch.export.export(flat, signature.example, strict=False))
        before = _count_threads()
        with self._timed("load_s"):
            outputs = self._open(torch.get_num_threads())
        self._slots = signature.slots
        kept = len(outputs) - len(self._slots)
        self._results, self._spare = outputs[:kept], outputs[kept:]
        if flat.form is None:
            flat.form = tuple_form(kept)
        self._bound: list[int] = []
        self._run(list(signature.example))
        self._threads_started = _count_threads() - before
        return self._run

    def _run(self, tensors: list[Tensor]) -> list[Tensor]:
        self._called += 1
        tensors = [tensor.contiguous() for tensor in tensors]
        addresses = [tensor.data_ptr() for tensor in (*tensors, *self._spare)]
        if addresses != self._bound:
            self._bind(tensors, [*self._results, *self._spare])
            self._bound = addresses
        self._infer()
        if self._slots:
            held = tensors[len(tensors) - len(self._slots) :]
            for slot, written in zip(self._slots, self._spare, strict=True):
                slot.write(written)
            self._spare = held
        return self._results


def _count_threads() -> int:
    return sum(1 for _ in os.scandir(Path("/proc/self/task")))
