"""What bench's loop adds to what it times: bench's median over a bare loop's, alternating in one process.

    python tests/benchmarks/overhead.py [PAIRS]

Each pair times the same callable for about a fifth of a second in bench's loop, and as long in a bare
`for` between two clock readings, in the garbage-collected interpreter that a user would have; who goes
first alternates (ABBA), so that drift of the machine favours neither. Nothing is asserted: the ratios are printed, with the spread that this machine gives them.
"""

import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter_ns

import torch

from bench.measure.loop import quiet_interpreter, time_samples, warm_up
from bench.records.case import Case
from bench.records.plan import Policy
from bench.variants.prepare import prepare
from bench.workloads.registry import find_workload, load_builder

POLICY = Policy(
    repetitions_min=1,
    repetitions_max=1,
    warmup_max_s=3,
    measure_s=0.2,
    samples_min=5,
    sample_s=0.02,
    target_ci_ratio=0.1,
    timeout_s=60,
)

RESNET50 = Case(
    workload="resnet50",
    mode="inference",
    phase=None,
    precision="fp32",
    memory_format="channels_last",
    backend="eager",
    batch_size=1,
    shape={"image_size": 224},
)


def main(pairs: int) -> None:
    """Print the ratios of both workloads."""
    prepared = prepare(load_builder(find_workload("resnet50"))(RESNET50), RESNET50)
    with prepared.context():
        compare("resnet50, batch 1", prepared.call, pairs)
    left, right = torch.ones(1, 1024), torch.ones(1024, 512)
    with torch.inference_mode():
        compare("matrix product", lambda: torch.mm(left, right), pairs)


def compare(name: str, call: Callable[[], object], pairs: int) -> None:
    """Alternate bench's loop with a bare one, and print bench over bare."""
    _, _, iterations = warm_up(call, POLICY)
    ratios, bare_ns = [], []
    for pair in range(pairs):
        timed: dict[str, float] = {}
        for who in ("bench", "bare") if pair % 2 else ("bare", "bench"):
            timed[who] = time_bench(call, iterations) if who == "bench" else time_bare(call, iterations)
        bare_ns.append(timed["bare"])
        ratios.append(timed["bench"] / timed["bare"])
    print(
        f"{name}: {median(bare_ns) / 1e3:.1f} µs bare, bench/bare median {median(ratios):.4f}, "
        f"{min(ratios):.4f} to {max(ratios):.4f} over {pairs} pairs"
    )


def time_bench(call: Callable[[], object], iterations: int) -> float:
    """Nanoseconds of one call: the median over samples of bench's loop."""
    with quiet_interpreter():
        samples = time_samples(call, iterations, POLICY)
    return median(sample.elapsed_ns / sample.iterations for sample in samples)


def time_bare(call: Callable[[], object], iterations: int) -> float:
    """Nanoseconds of one call: the median over blocks for as long, as anybody would write it."""
    times: list[float] = []
    begin = perf_counter_ns()
    while len(times) < POLICY.samples_min or perf_counter_ns() - begin < POLICY.measure_s * 1e9:
        start = perf_counter_ns()
        for _ in range(iterations):
            call()
        times.append((perf_counter_ns() - start) / iterations)
    return median(times)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
