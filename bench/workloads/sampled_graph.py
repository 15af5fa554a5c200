"""Graph neural networks that classify nodes of a large graph in mini-batches of sampled neighbours.

Two layers with fan-outs 15 and 10, as GraphSAGE was published, on a graph whose degrees follow a power law.
The mini-batches are sampled before anything is timed, since the samplers that people deploy are compiled code
outside torch. Fetching the features of a batch's nodes from those of the whole graph, the memory cost of loading, is
part of every iteration. A cycle goes through all mini-batches once.

The adjacency of a batch is a list of edges, or a sparse matrix in torch's CSR layout made before the timing.
"""

import warnings
from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from bench.errors import UsageError
from bench.interface.workload import Autocast, Forward, Iteration, Workload
from bench.records.case import Case
from bench.workloads.construction import construct
from bench.workloads.dtypes import weights_dtype
from bench.workloads.geometric import GCN, GraphSAGE
from bench.workloads.inputs import integer_tensor, uniform_tensor
from bench.workloads.iterations import TrainingStep, copy_float32
from bench.workloads.power_law import Batch, grow_graph, pad_batches, sample_batch
from bench.workloads.weights import fill_weights

FEATURES = 64
CLASSES = 41
"""As TorchBench's GNN models have for the Reddit graph."""
FAN_OUT = (15, 10)
BATCHES = 4
"""Different mini-batches: at full size their features are larger together than most caches."""


def build_sampled_gcn(case: Case) -> Workload:
    """Build graph convolutions over a list of edges."""
    return _build(case, GCN, gain=3.0, sparse=False)


def build_sampled_sage(case: Case) -> Workload:
    """Build GraphSAGE over a list of edges."""
    return _build(case, GraphSAGE, gain=1.0, sparse=False)


def build_sampled_gcn_sparse(case: Case) -> Workload:
    """Build graph convolutions with a sparse matrix."""
    return _build(case, GCN, gain=3.0, sparse=True)


def build_sampled_sage_sparse(case: Case) -> Workload:
    """Build GraphSAGE with a sparse matrix."""
    return _build(case, GraphSAGE, gain=1.0, sparse=True)


class MiniBatches:
    """The mini-batches, one after another.

    Args:
        forward: The model as it is called.
        inputs: Features of all nodes; of each batch its nodes, its edges, and the weights of those where the
            adjacency is to be a sparse matrix.
        seeds: Nodes of each batch that are classified; its first ones.

    Attributes:
        position: The batch that comes next.
        count: How many there are.
    """

    def __init__(self, forward: Forward, inputs: Mapping[str, Tensor], *, seeds: int) -> None:
        self.position = 0
        self.count = len(inputs["nodes"])
        self._forward = forward
        self._features = inputs["features"]
        self._nodes = tuple(inputs["nodes"])
        self._adjacencies = tuple(_adjacency(inputs, index) for index in range(self.count))
        self._seeds = seeds

    def next_logits(self) -> Tensor:
        """Classify the next batch's seeds."""
        index = self.position
        self.position = (index + 1) % self.count
        logits: Tensor = self._forward(self._fetch(index), self._adjacencies[index])
        return logits[: self._seeds]

    def reads(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """Return what one iteration reads: of the features only those of its nodes."""
        batch = [tensor[0] for name, tensor in inputs.items() if name != "features"]
        return (self._fetch(0), *batch)

    def _fetch(self, index: int) -> Tensor:
        return self._features.index_select(0, self._nodes[index])


class SampledInference:
    """Classifies the seeds of one mini-batch."""

    state_bytes = 0

    def __init__(self, forward: Forward, inputs: Mapping[str, Tensor], *, seeds: int) -> None:
        self._batches = MiniBatches(forward, inputs, seeds=seeds)
        self.cycle = self._batches.count
        self.call: Callable[[], object] = self._batches.next_logits
        self.reads = self._batches.reads(inputs)

    def reset(self) -> None:
        """Begin with the first batch."""
        self._batches.position = 0

    def outputs(self) -> list[Tensor]:
        """Return the logits of each batch's seeds."""
        self.reset()
        return [copy_float32(self._batches.next_logits()) for _ in range(self.cycle)]

    expected = outputs


class SampledTraining(TrainingStep):
    """One step of training on one mini-batch.

    Args:
        model: Its parameters are trained.
        fill: Writes the generated weights into the model.
        forward: The model as it is called.
        inputs: Those of `MiniBatches`, and `target`: batches × seeds.
        autocast: Makes the context of forward pass and loss.
    """

    def __init__(
        self,
        model: nn.Module,
        fill: Callable[[], None],
        *,
        forward: Forward,
        inputs: Mapping[str, Tensor],
        autocast: Autocast,
    ) -> None:
        self._batches = MiniBatches(forward, inputs, seeds=inputs["target"].shape[1])
        super().__init__(
            model,
            fill,
            self._loss_of_batch,
            forward=self._batches.next_logits,
            inputs={"target": inputs["target"]},
            autocast=autocast,
        )
        self.cycle = self._batches.count
        self.reads = self._batches.reads(inputs)

    def reset(self) -> None:  # type: ignore[explicit-override] # `typing.override` is newer than Python 3.11
        """Write the generated weights again, clear the optimizer's state, and begin with the first batch."""
        super().reset()
        self._batches.position = 0

    def outputs(self) -> list[Tensor]:  # type: ignore[explicit-override] # as above
        """Return loss and all gradients of each batch, from the generated weights each time."""
        results: list[Tensor] = []
        for index in range(self.cycle):
            self.reset()
            self._batches.position = index
            results.extend(copy_float32(tensor) for tensor in self._results(self.call()))
        return results

    expected = outputs

    def _results(self, loss: Tensor) -> list[Tensor]:
        return [loss, *(parameter.grad for parameter in self._parameters if parameter.grad is not None)]

    def _loss_of_batch(self, logits: Tensor, target: Tensor) -> Tensor:
        return cross_entropy(logits, target[self._batches.position - 1])


def _build(case: Case, factory: Callable[..., nn.Module], *, gain: float, sparse: bool) -> Workload:
    nodes, seeds = case.shape["nodes"], case.batch_size
    if seeds > nodes:
        raise UsageError(f"{seeds} seeds in a batch are more than the graph's {nodes} nodes; lower the batch size")
    model = construct(
        partial(factory, FEATURES, FEATURES, num_layers=len(FAN_OUT), out_channels=CLASSES),
        weights_dtype(case.precision),
    )
    model.train(case.mode == "training")
    fill = partial(fill_weights, model, gain=gain)
    fill()
    graph = grow_graph(nodes, case.shape["links"])
    sampled = [sample_batch(graph, f"batch{index}", seeds=seeds, fan_out=FAN_OUT) for index in range(BATCHES)]
    inputs = _tensors(pad_batches(sampled), sparse=sparse)
    inputs["features"] = uniform_tensor("features", (nodes, FEATURES))
    if case.mode == "training":
        inputs["target"] = integer_tensor("labels", (BATCHES, seeds), below=CLASSES)

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:
        if case.mode == "inference":
            return SampledInference(forward, inputs, seeds=seeds)
        return SampledTraining(model, fill, forward=forward, inputs=inputs, autocast=autocast)

    return Workload(case=case, model=model, inputs=inputs, items_per_iteration=seeds, fill=fill, iterate=iterate)


def _tensors(batches: list[Batch], *, sparse: bool) -> dict[str, Tensor]:
    edges = torch.stack([torch.from_numpy(batch.edges) for batch in batches])
    tensors = {"nodes": torch.stack([torch.from_numpy(batch.nodes) for batch in batches]), "edges": edges}
    if sparse:
        tensors["weights"] = torch.ones(edges.shape[0], edges.shape[2])
    return tensors


def _adjacency(inputs: Mapping[str, Tensor], index: int) -> Tensor:
    edges, nodes = inputs["edges"][index], inputs["nodes"].shape[1]
    if "weights" not in inputs:
        return edges
    # PyTorch Geometric creates sparse matrices in every call, and torch warns unless it is set whether to check them.
    torch.sparse.check_sparse_tensor_invariants.disable()  # type: ignore[no-untyped-call] # torch gives it no types
    rows = torch.cat([edges.new_zeros(1), torch.bincount(edges[1], minlength=nodes).cumsum(0)])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta state", UserWarning)
        return torch.sparse_csr_tensor(
            rows, edges[0].contiguous(), inputs["weights"][index], size=(nodes, nodes), check_invariants=True
        )
