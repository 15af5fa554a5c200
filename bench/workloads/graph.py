"""Graph neural networks, from PyTorch Geometric, with TorchBench's random graph.

Each has three layers of 64 channels over a graph whose edges are drawn uniformly, in COO format. Training
differs from TorchBench on purpose: it has an optimizer's step, and gradients are cleared in each step, where TorchBench
accumulates them; and the loss has fixed targets, where TorchBench has random ones.
"""

from collections.abc import Callable
from functools import partial

from torch import nn
from torch.nn.functional import mse_loss

from bench.interface.workload import Workload
from bench.records.case import Case
from bench.workloads.assembly import assemble
from bench.workloads.construction import construct
from bench.workloads.dtypes import weights_dtype
from bench.workloads.geometric import GAT, GCN, GIN, EdgeCNN, GraphSAGE
from bench.workloads.inputs import integer_tensor, uniform_tensor

FEATURES = 64
"""Channels of input, hidden and output layers."""
_MEAN_GAIN = 4.0
"""A mean over 20 neighbours shrinks independent features by √20; this gain roughly compensates."""
_SUM_GAIN = 0.5
"""A sum over 20 neighbours does the opposite, and more so once a ReLU has made the features positive."""

_ATTENTION_GAIN = 2.0
"""Attention also has a gain: at 4 it picks one neighbour, and rounding picks another."""

_OPEN_BIAS = 1.0
"""Keeps most ReLUs open where many are chained, so that rounding closes few of them: gradients jump at zero."""


def build_basic_gnn_gcn(case: Case) -> Workload:
    """Build graph convolutions (Kipf and Welling): a weighted mean over neighbours, then one matrix."""
    return _build(case, GCN, gain=_MEAN_GAIN)


def build_basic_gnn_gin(case: Case) -> Workload:
    """Build a graph isomorphism network (Xu et al.): a sum over neighbours, then two matrices."""
    return _build(case, GIN, gain=_SUM_GAIN)


def build_basic_gnn_sage(case: Case) -> Workload:
    """Build GraphSAGE (Hamilton et al.): a mean over neighbours, with a matrix for it and one for the node itself."""
    return _build(case, GraphSAGE, gain=1.0)


def build_basic_gnn_edgecnn(case: Case) -> Workload:
    """Build dynamic edge convolutions (Wang et al.): two matrices for every edge, then the maximum over neighbours."""
    return _build(case, EdgeCNN, gain=1.0, open_biases="nn.lins.0.bias")


def build_basic_gnn_gat(case: Case) -> Workload:
    """Build graph attention (Veličković et al.) with one head: a softmax over each node's neighbours."""
    return _build(case, GAT, gain=_ATTENTION_GAIN, open_biases=".bias")


def _build(case: Case, factory: Callable[..., nn.Module], *, gain: float, open_biases: str | None = None) -> Workload:
    nodes, edges = case.shape["nodes"], case.shape["edges"]
    model = construct(partial(factory, FEATURES, FEATURES, num_layers=3), weights_dtype(case.precision))
    constants = {name: _OPEN_BIAS for name, _ in model.named_parameters() if open_biases and name.endswith(open_biases)}
    inputs = {
        "x": uniform_tensor("features", (nodes, FEATURES)),
        "edge_index": integer_tensor("edges", (2, edges), below=nodes),
    }
    return assemble(
        case,
        model,
        inputs,
        loss=mse_loss,
        target=partial(uniform_tensor, "target", (nodes, FEATURES)),
        gain=gain,
        constants=constants,
    )
