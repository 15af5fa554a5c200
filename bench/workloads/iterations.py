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
        """The model's output, or its logits where it returns several things."""
        result = self.call()
        return [copy_float32(result if isinstance(result, Tensor) else result.logits)]

    expected = outputs


class TrainingStep:
    """Gradients set to None, forward pass, loss, backward pass, and a step of the optimizer.

    Autocast covers the forward pass and the loss only, as PyTorch's documentation of AMP asks, so the
    casts of the weights are made anew, and timed, in every step.

    Args:
        model: Its parameters are trained; after a call their gradients are still there to be read.
        fill: Writes the generated weights into the model.
        loss: Of the model's output and the input named `target`.
        forward: The model as it is called.
        inputs: The model's, and `target`.
        autocast: Makes the context of forward pass and loss.
        optimizer: Makes it of the parameters; Adam is TorchBench's.
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
        optimizer: Callable[[list[nn.Parameter]], optim.Optimizer] = optim.Adam,
    ) -> None:
        self._parameters = list(model.parameters())
        self._optimizer = optimizer(self._parameters)
        self._fill = fill
        self._loss = loss
        self._forward = partial(forward, **{name: each for name, each in inputs.items() if name != "target"})
        self._target = inputs["target"]
        self._autocast = autocast
        self.call: Callable[[], Any] = self._step
        self.reads = tuple(inputs.values())

    def reset(self) -> None:
        """Write the generated weights again and forget the optimizer's moments."""
        self._fill()
        self._optimizer.state.clear()

    def outputs(self) -> list[Tensor]:
        """The loss and all gradients of the first step; the optimizer leaves gradients as they are."""
        self.reset()
        loss = self._step()
        return [copy_float32(loss), *(copy_float32(each.grad) for each in self._parameters if each.grad is not None)]

    expected = outputs

    def time_stages(self) -> dict[str, int]:
        """Do one step with looks at the clock in between: nanoseconds of each part, by name.

        It is `_step` again rather than a hook in it, so that nothing stands in the step that is timed as a whole.
        """
        ticks = [perf_counter_ns()]
        self._optimizer.zero_grad(set_to_none=True)
        with self._autocast():
            output = self._forward()
            ticks.append(perf_counter_ns())
            loss = self._loss(output, self._target)
            ticks.append(perf_counter_ns())
        loss.backward()  # type: ignore[no-untyped-call]
        ticks.append(perf_counter_ns())
        self._optimizer.step()
        ticks.append(perf_counter_ns())
        parts = ("forward", "loss", "backward", "optimizer")
        return {part: end - start for part, (start, end) in zip(parts, pairwise(ticks), strict=True)}

    def _step(self) -> Tensor:
        self._optimizer.zero_grad(set_to_none=True)
        with self._autocast():
            loss = self._loss(self._forward(), self._target)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return loss


def copy_float32(tensor: Tensor) -> Tensor:
    """A float32 copy outside the graph of gradients."""
    return tensor.detach().to(torch.float32, copy=True)
