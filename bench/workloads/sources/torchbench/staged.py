"""One step of training in TorchBench's stages: gradients cleared, forward with its loss, backward, optimizer."""

from collections.abc import Callable
from itertools import pairwise
from time import perf_counter_ns
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from bench.interface.workload import Autocast, Forward
from bench.workloads.iterations import copy_float32
from bench.workloads.sources.module import seed_generators
from bench.workloads.sources.torchbench.loader import Built
from bench.workloads.sources.torchbench.seeded import differ_by_seed


class StagedStep:
    """A step of training by the model's own `forward`, `backward` and `optimizer_step`.

    Autocast covers `forward` alone, as TorchBench has it. Some models draw labels in each step, so all generators
    are seeded before the step whose outputs are compared.

    Args:
        built: In training mode.
        fill: Writes the weights that the model was built with into it.
        forward: Its module as it is called.
        reads: The tensors of the example inputs.
        autocast: Makes the context of `forward`.
    """

    cycle = 1
    state_bytes = 0

    def __init__(
        self,
        built: Built,
        fill: Callable[[], object],
        *,
        forward: Forward,
        reads: tuple[Tensor, ...],
        autocast: Autocast,
    ) -> None:
        self._benchmark = built.benchmark
        self._module = built.module
        self._fill = fill
        self._autocast = autocast
        if forward is not built.module:
            self._benchmark.set_module(forward)
        self.call: Callable[[], Any] = self._step
        self.reads = reads

    def reset(self) -> None:
        """Write the weights again, clear the optimizer's state, and seed the generators."""
        self._restore()
        seed_generators()

    def outputs(self) -> list[Tensor]:
        """Return the losses and all gradients of the first step."""
        self.reset()
        return self._first_step()

    expected = outputs

    def depends_on_seed(self) -> bool:
        """Return whether another seed gives other losses or gradients."""
        return differ_by_seed(self._restored_step)

    def _restore(self) -> None:
        self._fill()
        for optimizer in self._optimizers():
            optimizer.state.clear()

    def _restored_step(self) -> list[Tensor]:
        self._restore()
        return self._first_step()

    def _first_step(self) -> list[Tensor]:
        losses = [leaf for leaf in pytree.tree_leaves(self._step()) if isinstance(leaf, Tensor)]
        gradients = [parameter.grad for parameter in self._module.parameters() if parameter.grad is not None]
        return [copy_float32(tensor) for tensor in (*losses, *gradients)]

    def time_stages(self) -> dict[str, int]:
        """Run one step and return the nanoseconds of each stage; the loss is part of TorchBench's `forward`."""
        ticks = [perf_counter_ns()]
        self._clear_gradients()
        with self._autocast():
            losses = self._benchmark.forward()
        ticks.append(perf_counter_ns())
        self._benchmark.backward(losses)
        ticks.append(perf_counter_ns())
        self._benchmark.optimizer_step()
        ticks.append(perf_counter_ns())
        stages = ("forward", "backward", "optimizer")
        return {stage: end - start for stage, (start, end) in zip(stages, pairwise(ticks), strict=True)}

    def _step(self) -> Any:  # noqa: ANN401 - a loss, or several
        self._clear_gradients()
        with self._autocast():
            losses = self._benchmark.forward()
        self._benchmark.backward(losses)
        self._benchmark.optimizer_step()
        return losses

    def _clear_gradients(self) -> None:
        for optimizer in self._optimizers():
            optimizer.zero_grad(set_to_none=True)

    def _optimizers(self) -> tuple[torch.optim.Optimizer, ...]:
        """Return the model's optimizers, by the names that TorchBench's `get_optimizer` knows."""
        found = getattr(self._benchmark, "optimizer", None) or getattr(self._benchmark, "opt", None)
        return tuple(leaf for leaf in pytree.tree_leaves(found) if isinstance(leaf, torch.optim.Optimizer))
