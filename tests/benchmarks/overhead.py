"""What bench's loop adds to what it times: bench's median over a bare loop's, alternating in one process.

    python tests/benchmarks/overhead.py [PAIRS]

Three matrix products, of about 50 µs, 5 ms and 500 ms on the machine at hand. Each pair times one of them in
bench's loop, and for as long in a bare `for` between two clock readings, in the garbage-collected interpreter
that a user would have; who goes first alternates (ABBA), so that drift of the machine favours neither. Nothing is
asserted: the median ratio is printed with its 95% interval, a bootstrap over pairs.
"""

import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter_ns

import msgspec
import numpy as np
import torch

from bench.measure.loop import quiet_interpreter, time_samples, warm_up
from bench.records.plan import Policy

POLICY = Policy(
    repetitions_min=1,
    repetitions_max=1,
    warmup_max_s=3,
    measure_s=0.2,
    samples_min=5,
    sample_s=0.02,
    target_ci_ratio=0.1,
    confidence=0.95,
    timeout_s=60,
)

WORKLOADS_S = (50e-6, 5e-3, 500e-3)
"""What one call should take."""


def main(pairs: int) -> None:
    """Print the ratios of all workloads; the longest gets a fifth of the pairs, of five calls each way."""
    torch.set_num_threads(1)
    with torch.inference_mode():
        for seconds in WORKLOADS_S:
            call = make_call(seconds)
            compare(
                call,
                msgspec.structs.replace(POLICY, measure_s=max(0.2, seconds)),
                pairs if seconds < 0.1 else -(-pairs // 5),
            )


def make_call(seconds: float) -> Callable[[], object]:
    """A product whose left side has as many rows as make it take about so long."""
    rows, size = 64, 256 if seconds < 1e-3 else 1024
    for _ in range(4):
        took_ns = min(time_bare(make_product(rows, size), 1, POLICY) for _ in range(2))
        rows = max(1, round(rows * seconds * 1e9 / took_ns))
    return make_product(rows, size)


def make_product(rows: int, size: int) -> Callable[[], object]:
    """A product of (rows, size) and (size, size)."""
    left, right, out = torch.ones(rows, size), torch.ones(size, size), torch.empty(rows, size)
    return lambda: torch.mm(left, right, out=out)


def compare(call: Callable[[], object], policy: Policy, pairs: int) -> None:
    """Alternate bench's loop with a bare one, and print bench over bare."""
    _, _, iterations = warm_up(call, policy)
    ratios, bare_ns = [], []
    for pair in range(pairs):
        timed: dict[str, float] = {}
        for who in ("bench", "bare") if pair % 2 else ("bare", "bench"):
            timed[who] = (time_bench if who == "bench" else time_bare)(call, iterations, policy)
        bare_ns.append(timed["bare"])
        ratios.append(timed["bench"] / timed["bare"])
    draws = np.random.default_rng(1).choice(ratios, size=(2000, pairs))
    low, high = np.quantile(np.median(draws, axis=1), [0.025, 0.975])
    print(
        f"{median(bare_ns) / 1e3:10.1f} µs bare: bench/bare {median(ratios):.4f} ({low:.4f} to {high:.4f}), {pairs} pairs",
        flush=True,
    )


def time_bench(call: Callable[[], object], iterations: int, policy: Policy) -> float:
    """Nanoseconds of one call: the median over samples of bench's loop."""
    with quiet_interpreter():
        samples = time_samples(call, iterations, policy)
    return median(sample.elapsed_ns / sample.iterations for sample in samples)


def time_bare(call: Callable[[], object], iterations: int, policy: Policy) -> float:
    """Nanoseconds of one call: the median over blocks for as long, as anybody would write it."""
    times: list[float] = []
    begin = perf_counter_ns()
    while len(times) < policy.samples_min or perf_counter_ns() - begin < policy.measure_s * 1e9:
        start = perf_counter_ns()
        for _ in range(iterations):
            call()
        times.append((perf_counter_ns() - start) / iterations)
    return median(times)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
