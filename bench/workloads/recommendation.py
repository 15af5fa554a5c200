"""Recommendation: the deep learning recommendation model of Naumov et al., with TorchBench's sizes.

Dense features pass through a bottom network of layers, sparse ones are looked up and summed in tables; the
dot products of all pairs of the resulting vectors pass, with the dense one, through a top network
(arXiv:1906.00091, figure 1). Differences from TorchBench, on purpose: the output is the logit of a click and
training minimizes its binary cross entropy, as the paper has it, where TorchBench ends in a ReLU and a mean
square; and every step has a forward pass, where TorchBench has one for all of them.

As in the paper's code, tables have sparse gradients and the optimizer is SGD: a dense one would spend nearly
all of its time on rows that were not looked up.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from math import sqrt

import torch
from torch import Tensor, nn, optim
from torch.nn.functional import binary_cross_entropy_with_logits

from bench.interface.workload import Autocast, Forward, Iteration, Workload
from bench.records.case import Case
from bench.workloads.construction import construct
from bench.workloads.dtypes import weights_dtype
from bench.workloads.inputs import integer_tensor, uniform_tensor
from bench.workloads.iterations import Inference, TrainingStep, copy_float32
from bench.workloads.weights import fill_weights

TABLES = 8
DENSE_FEATURES = 512
WIDTH = 64
"""Of a table's rows, and of the bottom network's output."""
_BOTTOM = (DENSE_FEATURES, 512, WIDTH)
_TOP = (WIDTH + (TABLES + 1) * TABLES // 2, 1024, 1024, 1024, 1)
_TABLE_SCALE = 0.125
"""Factor on the rule for weights: without it the sum over 100 rows, and then products, would outweigh dense features."""
_LEARNING_RATE = 0.01


class Dlrm(nn.Module):
    """Bottom network, tables, pairwise interaction, top network.

    Args:
        rows: Of each table.
        sparse: Whether the tables' gradients are; only training has any.
    """

    pairs: Tensor

    def __init__(self, rows: int, *, sparse: bool) -> None:
        super().__init__()
        self.bottom = nn.Sequential(*_layers(_BOTTOM), nn.ReLU())
        self.tables = nn.ModuleList(nn.EmbeddingBag(rows, WIDTH, mode="sum", sparse=sparse) for _ in range(TABLES))
        self.top = nn.Sequential(*_layers(_TOP))
        left, right = torch.tril_indices(TABLES + 1, TABLES + 1, offset=-1)
        self.register_buffer("pairs", left * (TABLES + 1) + right, persistent=False)

    def forward(self, dense: Tensor, lookups: Tensor) -> Tensor:  # type: ignore[explicit-override] # `typing.override` is newer than Python 3.11
        """Return the logit of a click for each sample.

        Args:
            dense: Batch × features.
            lookups: Rows to sum, tables × batch × lookups.
        """
        features = self.bottom(dense)
        sums = [table(rows) for table, rows in zip(self.tables, lookups, strict=True)]
        vectors = torch.stack([features, *(total.to(features.dtype) for total in sums)], dim=1)
        products = torch.bmm(vectors, vectors.transpose(1, 2)).flatten(1).index_select(1, self.pairs)
        logits: Tensor = self.top(torch.cat([features, products], dim=1)).squeeze(1)
        return logits


class SparseTraining(TrainingStep):
    """A step of SGD, the optimizer of Facebook's DLRM, with gradients for the looked-up rows of tables only.

    Args:
        model: Its parameters are trained.
        fill: Writes the generated weights into the model.
        forward: The model as it is called.
        inputs: The model's, and `target`.
        autocast: Makes the context of forward pass and loss.
        state_bytes: Of the rows that are looked up.
    """

    def __init__(
        self,
        model: nn.Module,
        fill: Callable[[], None],
        *,
        forward: Forward,
        inputs: Mapping[str, Tensor],
        autocast: Autocast,
        state_bytes: int,
    ) -> None:
        super().__init__(
            model,
            fill,
            binary_cross_entropy_with_logits,
            forward=forward,
            inputs=inputs,
            autocast=autocast,
            optimizer=partial(optim.SGD, lr=_LEARNING_RATE),
        )
        self.state_bytes = state_bytes

    def outputs(self) -> list[Tensor]:  # type: ignore[explicit-override] # `typing.override` is newer than Python 3.11
        """Return the loss and all gradients of the first step; of a sparse gradient its rows."""
        self.reset()
        loss = self._step()
        return [
            copy_float32(loss),
            *(_values(parameter.grad) for parameter in self._parameters if parameter.grad is not None),
        ]

    expected = outputs


class LookupInference(Inference):
    """One forward pass over the same inputs, with the bytes that its lookups read."""

    def __init__(self, forward: Forward, inputs: Mapping[str, Tensor], *, state_bytes: int) -> None:
        super().__init__(forward, inputs)
        self.state_bytes = state_bytes


def build_dlrm(case: Case) -> Workload:
    """Build DLRM with eight tables; lookups and clicks are uniform."""
    training = case.mode == "training"
    rows, lookups = case.shape["rows"], case.shape["lookups"]
    model = construct(partial(Dlrm, rows, sparse=training), weights_dtype(case.precision))
    model.train(training)
    fill = partial(_fill, model)
    fill()
    inputs = {
        "dense": uniform_tensor("dense", (case.batch_size, DENSE_FEATURES)),
        "lookups": integer_tensor("lookups", (TABLES, case.batch_size, lookups), below=rows),
    }
    read = sum(of_table.unique().numel() for of_table in inputs["lookups"])
    state_bytes = read * WIDTH * weights_dtype(case.precision).itemsize
    if training:
        inputs["target"] = integer_tensor("clicks", (case.batch_size,), below=2).float()

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:
        if training:
            return SparseTraining(
                model, fill, forward=forward, inputs=inputs, autocast=autocast, state_bytes=state_bytes
            )
        return LookupInference(forward, inputs, state_bytes=state_bytes)

    return Workload(
        case=case, model=model, inputs=inputs, items_per_iteration=case.batch_size, fill=fill, iterate=iterate
    )


def _layers(widths: Sequence[int]) -> list[nn.Module]:
    """Return linear layers with a ReLU between any two."""
    modules: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        modules += [nn.Linear(inputs, outputs), nn.ReLU()]
    return modules[:-1]


def _fill(model: nn.Module) -> None:
    fill_weights(model, gain=sqrt(2.0))
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.EmbeddingBag):
                module.weight.mul_(_TABLE_SCALE)


def _values(gradient: Tensor) -> Tensor:
    return copy_float32(gradient.coalesce().values() if gradient.is_sparse else gradient)
