"""A workload of about 100 ms, and the same with 2% and 5% more work in it, measured alternately on this machine.

The work is a number of equal matrix products, so that more of them are more work and nothing else. Each
repetition is a process of its own, forked from a parent that has loaded torch and has never run a parallel
region, and times itself by bench's own loop.
"""

import os
from collections.abc import Mapping
from itertools import permutations
from statistics import median

import numpy as np
import torch

from bench.measure.loop import quiet_interpreter, time_samples, warm_up
from bench.records.plan import Policy
from tests.benchmarks.hosts import Array

PRODUCTS: Mapping[str, int] = {"base": 200, "same": 200, "2% more work": 204, "5% more work": 210}
SIZE = 288
"""Of the square matrices: 200 products take some 100 ms on two cores of a cloud server."""

POLICY = Policy(
    repetitions_min=1,
    repetitions_max=1,
    warmup_max_s=0.5,
    measure_s=1.0,
    samples_min=5,
    sample_s=0.1,
    target_ci_ratio=0.01,
    confidence=0.95,
    timeout_s=60,
)


def measure_rounds(rounds: int) -> dict[str, Array]:
    """Seconds of each variant in each round; the order within rounds goes through all there are, shuffled."""
    orders = np.random.default_rng(rounds).permutation(list(permutations(PRODUCTS)))
    seconds: dict[str, list[float]] = {name: [] for name in PRODUCTS}
    for number in range(rounds):
        for name in orders[number % len(orders)]:
            seconds[str(name)].append(measure_forked(PRODUCTS[str(name)]))
    return {name: np.array(values) for name, values in seconds.items()}


def measure_forked(products: int) -> float:
    """Median seconds of one repetition, measured in a child process."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, str(measure(products)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    _, status = os.waitpid(child, 0)
    if status or not text:
        raise RuntimeError(f"a repetition ended with status {status}")
    return float(text)


def measure(products: int) -> float:
    """Median seconds of one call, in this process."""
    left = torch.rand(SIZE, SIZE)

    def call() -> torch.Tensor:
        out = left
        for _ in range(products):
            out = torch.mm(left, left)
        return out

    with torch.inference_mode(), quiet_interpreter():
        _, _, iterations = warm_up(call, POLICY)
        samples = time_samples(call, iterations, POLICY)
    return median(sample.elapsed_ns / sample.iterations for sample in samples) / 1e9
