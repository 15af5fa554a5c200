from collections.abc import Callable

import pytest
import torch

from bench.records.case import Case
from bench.workloads.graph import build_basic_gnn_gcn

pytestmark = pytest.mark.torch


def test_it_is_torchbenchs_model_and_graph(make_case: Callable[..., Case]) -> None:
    workload = build_basic_gnn_gcn(make_case("basic_gnn_gcn"))
    assert sum(each.numel() for each in workload.model.parameters()) == 3 * (64 * 64 + 64)
    assert workload.inputs["x"].shape == (200, 64)
    assert workload.inputs["edge_index"].shape == (2, 1000)
    assert workload.inputs["edge_index"].max() < 200
    assert workload.items_per_iteration == 1


def test_at_full_size_the_signal_outweighs_the_biases(make_case: Callable[..., Case]) -> None:
    workload = build_basic_gnn_gcn(make_case("basic_gnn_gcn", shape={"nodes": 10_000, "edges": 200_000}))
    with torch.inference_mode():
        output = workload.model(**workload.inputs)
    assert 0.1 < output.std(dim=0).mean().item() < 10


def test_training_has_a_target_for_every_node(make_case: Callable[..., Case]) -> None:
    workload = build_basic_gnn_gcn(make_case("basic_gnn_gcn", mode="training"))
    assert workload.inputs["target"].shape == (200, 64)
    assert workload.model.training
