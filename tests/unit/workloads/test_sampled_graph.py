from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
import torch

from bench.errors import UsageError
from bench.interface.workload import Iteration, Workload
from bench.records.case import Case
from bench.workloads.registry import WORKLOADS, load_builder
from bench.workloads.sampled_graph import BATCHES, CLASSES, FEATURES, build_sampled_sage

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]

SEEDS = 16


@pytest.fixture
def build(make_case: MakeCase) -> Callable[..., Workload]:
    def make(name: str, **changes: Any) -> Workload:
        return load_builder(WORKLOADS[name])(make_case(name, batch_size=SEEDS, **changes))

    return make


def iterate(workload: Workload) -> Iteration:
    return workload.iterate(workload.model, workload.inputs, nullcontext)


def test_every_batch_is_classified_once_in_a_cycle(build: Callable[..., Workload]) -> None:
    workload = build("sampled_sage")
    with torch.inference_mode():
        iteration = iterate(workload)
        outputs = iteration.outputs()
    assert iteration.cycle == BATCHES == len(outputs)
    assert {tensor.shape for tensor in outputs} == {(SEEDS, CLASSES)}
    assert not any(torch.equal(outputs[0], tensor) for tensor in outputs[1:])
    assert workload.items_per_iteration == SEEDS


@pytest.mark.parametrize("name", ["sampled_gcn", "sampled_sage"])
def test_a_sparse_matrix_gives_what_a_list_of_edges_gives(build: Callable[..., Workload], name: str) -> None:
    with torch.inference_mode():
        listed, sparse = iterate(build(name)).outputs(), iterate(build(f"{name}_sparse")).outputs()
    torch.testing.assert_close(listed, sparse)


def test_seeds_have_the_logits_that_their_unpadded_neighbourhood_gives(build: Callable[..., Workload]) -> None:
    """Nodes that no path leads from to a seed are left out, and so is all padding."""
    workload = build("sampled_sage")
    nodes, edges = workload.inputs["nodes"][0], workload.inputs["edges"][0]
    reached = torch.zeros(len(nodes), dtype=torch.bool)
    reached[:SEEDS] = True
    for _ in range(2):
        reached[edges[0][reached[edges[1]]]] = True
    kept = edges[:, reached[edges[1]]]
    with torch.inference_mode():
        expected = workload.model(workload.inputs["features"][nodes] * reached[:, None], kept)[:SEEDS]
        torch.testing.assert_close(iterate(workload).outputs()[0], expected)


def test_reset_begins_with_the_first_batch(build: Callable[..., Workload]) -> None:
    with torch.inference_mode():
        iteration = iterate(build("sampled_sage"))
        first = iteration.call()
        iteration.call()
        iteration.reset()
        assert torch.equal(iteration.call(), first)


def test_an_iteration_reads_the_features_of_its_own_nodes_only(build: Callable[..., Workload]) -> None:
    workload = build("sampled_sage")
    reads = iterate(workload).reads
    nodes = workload.inputs["nodes"].shape[1]
    assert sum(tensor.numel() for tensor in reads if tensor.is_floating_point()) == nodes * FEATURES
    assert sum(tensor.numel() for tensor in reads) == nodes * FEATURES + nodes + workload.inputs["edges"][0].numel()


def test_training_compares_loss_and_gradients_of_each_batch_from_the_same_weights(
    build: Callable[..., Workload],
) -> None:
    iteration = iterate(build("sampled_sage", mode="training"))
    outputs = iteration.outputs()
    for _ in range(3):
        iteration.call()
    again = iteration.outputs()
    each = 1 + 2 * 3  # the loss, and of each layer two matrices and a bias
    assert len(outputs) == iteration.cycle * each
    assert all(map(torch.equal, outputs, again))
    assert len({float(loss) for loss in outputs[::each]}) == iteration.cycle


def test_training_compares_each_batch_with_its_labels(build: Callable[..., Workload]) -> None:
    workload = build("sampled_sage", mode="training")
    losses = iterate(workload).outputs()[:: 1 + 2 * 3]
    workload.fill()
    logits = iterate(build("sampled_sage")).outputs()
    for loss, predicted, labels in zip(losses, logits, workload.inputs["target"], strict=True):
        torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(predicted, labels))


def test_more_seeds_than_nodes_are_refused(make_case: MakeCase) -> None:
    with pytest.raises(UsageError, match="501 seeds in a batch are more than the graph's 500 nodes"):
        build_sampled_sage(make_case("sampled_sage", batch_size=501))
