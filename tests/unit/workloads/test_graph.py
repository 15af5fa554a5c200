from collections.abc import Callable

import pytest
import torch

from bench.records.case import Case
from bench.workloads.graph import build_basic_gnn_gcn
from bench.workloads.registry import WORKLOADS, load_builder

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]

BASIC = [name for name in WORKLOADS if name.startswith("basic_gnn_")]
MATRIX, VECTOR = 64 * 64, 64


def test_it_has_torchbenchs_graph(make_case: MakeCase) -> None:
    workload = build_basic_gnn_gcn(make_case("basic_gnn_gcn"))
    assert workload.inputs["x"].shape == (200, 64)
    assert workload.inputs["edge_index"].shape == (2, 1000)
    assert workload.inputs["edge_index"].max() < 200
    assert workload.items_per_iteration == 1


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("basic_gnn_gcn", MATRIX + VECTOR),
        ("basic_gnn_gin", 2 * (MATRIX + VECTOR)),
        ("basic_gnn_sage", 2 * MATRIX + VECTOR),
        ("basic_gnn_edgecnn", 3 * MATRIX + 2 * VECTOR),
        ("basic_gnn_gat", MATRIX + 3 * VECTOR),
    ],
)
def test_each_is_torchbenchs_model_of_three_layers(make_case: MakeCase, name: str, layer: int) -> None:
    workload = load_builder(WORKLOADS[name])(make_case(name))
    assert sum(parameter.numel() for parameter in workload.model.parameters()) == 3 * layer


@pytest.mark.parametrize("name", BASIC)
def test_at_full_size_the_signal_outweighs_the_biases(make_case: MakeCase, name: str) -> None:
    workload = load_builder(WORKLOADS[name])(make_case(name, shape={"nodes": 10_000, "edges": 200_000}))
    with torch.inference_mode():
        output = workload.model(**workload.inputs)
    assert 0.1 < output.std(dim=0).mean().item() < 10


def test_training_has_a_target_for_every_node(make_case: MakeCase) -> None:
    workload = build_basic_gnn_gcn(make_case("basic_gnn_gcn", mode="training"))
    assert workload.inputs["target"].shape == (200, 64)
    assert workload.model.training
