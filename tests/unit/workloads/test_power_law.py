import hashlib

import numpy as np
import pytest

from bench.workloads.power_law import Batch, Neighbors, grow_graph, pad_batches, sample_batch

NODES, LINKS = 3000, 4


@pytest.fixture(scope="module")
def graph() -> Neighbors:
    return grow_graph(NODES, LINKS)


def degrees(graph: Neighbors) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    return np.diff(graph.starts)


def edges(graph: Neighbors) -> set[tuple[int, int]]:
    targets = np.repeat(np.arange(NODES), degrees(graph))
    return set(zip(graph.sources.tolist(), targets.tolist(), strict=True))


def test_every_link_goes_both_ways_and_none_leads_back_to_its_node(graph: Neighbors) -> None:
    pairs = edges(graph)
    assert len(pairs) == graph.sources.size
    assert all((target, source) in pairs and source != target for source, target in pairs)


def test_every_node_links_to_at_most_the_asked_number_of_earlier_nodes(graph: Neighbors) -> None:
    earlier = [
        sum(source < target for source in graph.sources[graph.starts[target] : graph.starts[target + 1]])
        for target in range(1, NODES)
    ]
    assert min(earlier) >= 1
    assert max(earlier) == LINKS


def test_degrees_fall_by_the_cube_as_preferential_attachment_makes_them(graph: Neighbors) -> None:
    """Of the nodes with k links or more there are four times as many as of those with 2k."""
    count = {least: int((degrees(graph) >= least).sum()) for least in (8, 16, 32)}
    assert 3 < count[8] / count[16] < 5
    assert 3 < count[16] / count[32] < 5
    assert degrees(graph).max() > 20 * np.median(degrees(graph))


def test_graph_and_batches_are_the_same_everywhere(graph: Neighbors) -> None:
    batch = sample_batch(graph, "batch", seeds=50, fan_out=(5, 3))
    content = b"".join(array.tobytes() for array in (graph.starts, graph.sources, batch.nodes, batch.edges))
    assert hashlib.sha256(content).hexdigest() == EXPECTED


EXPECTED = "53c21d6863136c6e84b346777c1b4f7aa28c7a9f824a0b1cac42ac62f14ec73f"


def test_a_batch_begins_with_distinct_seeds_and_holds_each_node_once(graph: Neighbors) -> None:
    batch = sample_batch(graph, "batch", seeds=50, fan_out=(5, 3))
    assert np.unique(batch.nodes).size == batch.nodes.size > 50
    assert not np.array_equal(batch.nodes[:50], sample_batch(graph, "other", seeds=50, fan_out=(5, 3)).nodes[:50])


def test_sampled_edges_are_distinct_edges_of_the_graph(graph: Neighbors) -> None:
    batch = sample_batch(graph, "batch", seeds=50, fan_out=(5, 3))
    sampled = list(zip(*batch.nodes[batch.edges].tolist(), strict=True))
    assert len(set(sampled)) == len(sampled)
    assert set(sampled) <= edges(graph)


def test_each_node_of_a_hop_has_all_its_neighbours_up_to_the_fan_out(graph: Neighbors) -> None:
    batch = sample_batch(graph, "batch", seeds=50, fan_out=(5, 3))
    incoming = np.bincount(batch.edges[1], minlength=batch.nodes.size)
    first_hop = np.unique(batch.edges[0][batch.edges[1] < 50])
    second = first_hop[first_hop >= 50]
    held = degrees(graph)[batch.nodes]
    assert np.array_equal(incoming[:50], np.minimum(held[:50], 5))
    assert np.array_equal(incoming[second], np.minimum(held[second], 3))
    assert not np.delete(incoming[50:], second - 50).any()


def test_edges_are_in_order_of_target_and_source(graph: Neighbors) -> None:
    batch = sample_batch(graph, "batch", seeds=50, fan_out=(5, 3))
    order = batch.edges[1] * batch.nodes.size + batch.edges[0]
    assert (np.diff(order) > 0).all()


def test_padding_makes_sizes_equal_and_leads_nothing_to_the_batches_own_nodes(graph: Neighbors) -> None:
    batches = [sample_batch(graph, f"batch{seeds}", seeds=seeds, fan_out=(5, 3)) for seeds in (5, 50, 40)]
    padded = pad_batches(batches)
    assert len({(batch.nodes.shape, batch.edges.shape) for batch in padded}) == 1
    most = max(batch.nodes.size for batch in batches)
    for batch, larger in zip(batches, padded, strict=True):
        count = batch.edges.shape[1]
        assert np.array_equal(larger.nodes[: batch.nodes.size], batch.nodes)
        assert np.array_equal(larger.edges[:, :count], batch.edges)
        assert (larger.edges[1, count:] >= most).all()
        assert np.unique(larger.edges, axis=1).shape == larger.edges.shape
        assert larger.edges.max() < larger.nodes.size


def test_equal_batches_get_one_node_without_edges() -> None:
    batch = Batch(nodes=np.array([3, 4]), edges=np.array([[1], [0]]))
    [padded] = pad_batches([batch])
    assert padded.nodes.tolist() == [3, 4, 0]
    assert padded.edges.tolist() == [[1], [0]]
