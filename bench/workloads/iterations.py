"""The two plain kinds of iteration: one inference, and one step of training."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from time import perf_counter_ns
from typing import Any

import torch
from torch import Tensor, nn, optim

from bench.interface.workload import Autocast, Forward

Loss = Callable[[Tensor, Tensor], Tensor]
MakeOptimizer = Callable[[list[nn.Parameter]], optim.Optimizer]


class Inference:
    """One forward pass over the same inputs."""

    cycle = 1
    state_bytes = 0

    def __init__(self, forward: Forward, inputs: Mapping[str, Tensor]) -> None:
        self.call: Callable[[], Any] = partial(forward, **inputs)
        self.reads = tuple(inputs.values())

    def reset(self) -> None:
        """Inference has no state."""

    def outputs(self) -> list[Tensor]:
        """Return the model's output, or its logits where it returns several things."""
        result = self.call()
        return [copy_float32(result if isinstance(result, Tensor) else result.logits)]

    expected = outputs


class TrainingStep:
    """Gradients set to None, forward pass, loss, backward pass, and a step of the optimizer.

    Autocast covers the forward pass and the loss only, as PyTorch's documentation of AMP asks. So weights are cast again
    in every step, which is timed.

    Args:
        model: Its parameters are trained; after a call their gradients can still be read.
        fill: Writes the generated weights into the model.
        loss: Of the model's output and the input named `target`.
        forward: The model as it is called.
        inputs: The model's, and `target`.
        autocast: Makes the context of forward pass and loss.
        optimizer: Makes the optimizer of the parameters; Adam is TorchBench's.
    """

    cycle = 1
    state_bytes = 0

    def __init__(
        self,
        model: nn.Module,
        fill: Callable[[], None],
        loss: Loss,
        *,
        forward: Forward,
        inputs: Mapping[str, Tensor],
        autocast: Autocast,
        optimizer: MakeOptimizer = optim.Adam,
    ) -> None:
        self._parameters = list(model.parameters())
        self._optimizer = optimizer(self._parameters)
        self._fill = fill
        self._loss = loss
        self._forward = partial(forward, **{name: tensor for name, tensor in inputs.items() if name != "target"})
        self._target = inputs["target"]
        self._autocast = autocast
        self.call: Callable[[], Any] = self._step
        self.reads = tuple(inputs.values())

    def reset(self) -> None:
        """Write the generated weights again and clear the optimizer's state."""
        self._fill()
        self._optimizer.state.clear()

    def outputs(self) -> list[Tensor]:
        """Return the loss and all gradients of the first step; the optimizer does not change gradients."""
        self.reset()
        loss = self._step()
        return [
            copy_float32(loss),
            *(copy_float32(parameter.grad) for parameter in self._parameters if parameter.grad is not None),
        ]

    expected = outputs

    def time_stages(self) -> dict[str, int]:
        """Run one step and return the nanoseconds of each stage, by name.

        It repeats `_step` rather than adding clock reads to it, so that the timed step has none.
        """
        ticks = [perf_counter_ns()]
        self._optimizer.zero_grad(set_to_none=True)
        with self._autocast():
            output = self._forward()
            ticks.append(perf_counter_ns())
            loss = self._loss(output, self._target)
            ticks.append(perf_counter_ns())
        loss.backward()  # type: ignore[no-untyped-call] # torch gives it no types
        ticks.append(perf_counter_ns())
        self._optimizer.step()
        ticks.append(perf_counter_ns())
        stages = ("forward", "loss", "backward", "optimizer")
        return {stage: end - start for stage, (start, end) in zip(stages, pairwise(ticks), strict=True)}

    def _step(self) -> Tensor:
        self._optimizer.zero_grad(set_to_none=True)
        with self._autocast():
            loss = self._loss(self._forward(), self._target)
        loss.backward()  # type: ignore[no-untyped-call] # torch gives it no types
        self._optimizer.step()
        return loss


def copy_float32(tensor: Tensor) -> Tensor:
    """Return a float32 copy, detached from the graph of gradients."""
    return tensor.detach().to(torch.float32, copy=True)
