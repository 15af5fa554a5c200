"""A graph whose degrees follow a power law, and the neighbours sampled from it for mini-batches.

Everything is integer arithmetic on generated words, so graph and samples are the same on every machine.

NeighborLoader of PyTorch Geometric needs `pyg-lib` or `torch-sparse`, whose compiled samplers draw from a
generator of their own; neither is published as a wheel that the lock could hold. This module does the same:
from each seed on, hop by hop, up to `fan_out` distinct neighbours of each new node, each node once in a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.workloads.generator import derive_key, generate_words

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Neighbors:
    """A graph in compressed columns: node `n` is reached from `sources[starts[n]:starts[n + 1]]`."""

    starts: Integers
    sources: Integers


@dataclass(frozen=True)
class Batch:
    """A part of a graph, with its nodes renumbered.

    Attributes:
        nodes: Number in the whole graph of each node; the seeds come first.
        edges: 2 × edges, sources over targets, ordered by target and then by source.
    """

    nodes: Integers
    edges: Integers


def grow_graph(nodes: int, links: int) -> Neighbors:
    """Return a graph grown by preferential attachment; every link goes both ways.

    Each node beyond the first links to `links` of those before it, drawn in proportion to their links: an end
    of an earlier link is copied, which is proportional by itself.

    Method: Batagelj and Brandes, Efficient generation of large random networks (2005), algorithm 5; chains of
    copies are followed for all links together.

    Args:
        nodes: At least 2.
        links: Of each new node, at least 1; those that join the same two nodes become one.
    """
    new = np.repeat(np.arange(1, nodes, dtype=np.int64), links)
    drawn = _below("links", 2 * links * (new - 1))
    # End 2k of a link is the new node, end 2k + 1 the old one, which may itself be a copy. All links of
    # node 1 lead to node 0.
    links_to_first = new == 1
    target = drawn
    while True:
        copies = (target % 2 == 1) & ~links_to_first & ~links_to_first[target // 2]
        if not copies.any():
            break
        target = np.where(copies, drawn[target // 2], target)
    old = np.where(target % 2 == 0, new[target // 2], 0)
    old[links_to_first] = 0
    both_ways = np.sort(np.concatenate([old * nodes + new, new * nodes + old]))
    targets, sources = np.divmod(both_ways[np.diff(both_ways, prepend=-1) > 0], nodes)
    counts = np.bincount(targets, minlength=nodes)
    return Neighbors(starts=np.concatenate([[0], np.cumsum(counts)]), sources=sources)


def sample_batch(graph: Neighbors, name: str, *, seeds: int, fan_out: Sequence[int]) -> Batch:
    """Draw seeds and sample their neighbours.

    Of a node with more neighbours than wanted, evenly spaced ones are taken, from a random start on. So all are equally
    likely and none is taken twice.

    Args:
        graph: The whole graph.
        name: Selects the batch.
        seeds: How many nodes to begin with; each at most once, and at most as many as there are.
        fan_out: Neighbours wanted of each node, hop by hop.
    """
    words = generate_words(derive_key(f"{name}.seeds"), 0, graph.starts.size - 1)
    nodes = np.argsort(words, kind="stable")[:seeds]
    number = np.full(graph.starts.size - 1, -1, dtype=np.int64)
    number[nodes] = np.arange(nodes.size)
    edges, first = [], 0
    for hop, wanted in enumerate(fan_out):
        frontier = np.arange(first, nodes.size)
        first = nodes.size
        places, targets = _sample(graph, nodes[frontier], frontier, wanted, f"{name}.hop{hop}")
        sources = graph.sources[places]
        found = np.unique(sources[number[sources] < 0])
        number[found] = np.arange(nodes.size, nodes.size + found.size)
        nodes = np.concatenate([nodes, found])
        edges.append(np.stack([number[sources], targets]))
    joined = np.concatenate(edges, axis=1)
    return Batch(nodes=nodes, edges=joined[:, np.lexsort((joined[0], joined[1]))])


def pad_batches(batches: Sequence[Batch]) -> list[Batch]:
    """Pad batches to one size, so that all have equal work and a compiler sees one shape.

    Nodes are added after those of the largest batch, and edges lead to them from other nodes, each pair once. No
    edge leads back, so nothing changes for the seeds.
    """
    most_nodes, most_edges = (max(sizes) for sizes in zip(*map(_size, batches), strict=True))
    added = max(most_edges - _size(batch)[1] for batch in batches)
    size = most_nodes + max(1, -(-added // most_nodes))
    return [_pad(batch, first=most_nodes, nodes=size, edges=most_edges) for batch in batches]


def _pad(batch: Batch, *, first: int, nodes: int, edges: int) -> Batch:
    count, held = _size(batch)
    targets, sources = np.divmod(np.arange(edges - held, dtype=np.int64), first)
    return Batch(
        nodes=np.concatenate([batch.nodes, np.zeros(nodes - count, dtype=np.int64)]),
        edges=np.concatenate([batch.edges, np.stack([sources, first + targets])], axis=1),
    )


def _size(batch: Batch) -> tuple[int, int]:
    return batch.nodes.size, batch.edges.shape[1]


def _sample(graph: Neighbors, nodes: Integers, numbers: Integers, wanted: int, name: str) -> tuple[Integers, Integers]:
    """Return the places in `graph.sources` of the neighbours taken, and the number of each one's node."""
    starts, degrees = graph.starts[nodes], graph.starts[nodes + 1] - graph.starts[nodes]
    taken = np.minimum(degrees, wanted)
    owner = np.repeat(np.arange(nodes.size), taken)
    index = np.arange(owner.size) - np.repeat(np.cumsum(taken) - taken, taken)
    phase = _below(name, degrees)
    slot = np.where((degrees > wanted)[owner], (phase[owner] + index * degrees[owner]) // wanted, index)
    return starts[owner] + slot, numbers[owner]


def _below(name: str, bounds: Integers) -> Integers:
    """Return one integer for each bound, from 0 to the bound - 1; 0 where the bound is 0."""
    words = generate_words(derive_key(name), 0, bounds.size).astype(np.uint64)
    return ((words * bounds.astype(np.uint64)) >> np.uint64(32)).astype(np.int64)
