"""Graph neural networks, from PyTorch Geometric, with TorchBench's random graph.

Training differs from TorchBench on purpose: it has an optimizer's step and gradients that start anew,
where TorchBench lets them pile up; and the loss is against fixed values where TorchBench draws them.
"""

import warnings
from collections.abc import Mapping
from functools import partial

from torch import Tensor
from torch.nn.functional import mse_loss

from bench.records.case import Case
from bench.workloads.construction import construct
from bench.workloads.inputs import integer_tensor, uniform_tensor
from bench.workloads.iterations import Inference, TrainingStep
from bench.workloads.weights import fill_weights
from bench.workloads.workload import Autocast, Forward, Iteration, Workload, weights_dtype

with warnings.catch_warnings():
    # It scripts a class of its own when it is loaded, which torch has deprecated.
    warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", FutureWarning)
    from torch_geometric.nn.models.basic_gnn import GCN

FEATURES = 64
"""Channels of input, hidden and output layers."""
_GAIN = 4.0
"""A mean over 20 neighbours shrinks independent features by √20; this about makes up for it."""


def build_basic_gnn_gcn(case: Case) -> Workload:
    """Three graph convolutions over a graph whose edges are drawn uniformly, in COO format."""
    nodes, edges = case.shape["nodes"], case.shape["edges"]
    model = construct(partial(GCN, FEATURES, FEATURES, num_layers=3), weights_dtype(case.precision))
    model.train(case.mode == "training")
    fill = partial(fill_weights, model, gain=_GAIN)
    fill()
    inputs = {
        "x": uniform_tensor("features", (nodes, FEATURES)),
        "edge_index": integer_tensor("edges", (2, edges), below=nodes),
    }
    if case.mode == "training":
        inputs["target"] = uniform_tensor("target", (nodes, FEATURES))

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:
        if case.mode == "inference":
            return Inference(forward, inputs)
        return TrainingStep(model, fill, mse_loss, forward=forward, inputs=inputs, autocast=autocast)

    return Workload(case=case, model=model, inputs=inputs, items_per_iteration=1, fill=fill, iterate=iterate)
