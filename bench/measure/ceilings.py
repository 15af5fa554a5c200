"""The ceilings of one binding: a large matrix product for each precision, and a triad for bandwidth.

The best of several short rounds counts: a ceiling is what the machine can do, not what it usually does.
"""

from collections.abc import Callable
from time import perf_counter_ns

import torch

from bench.records.measurement import ProbeResult

MATRIX_SIZE = 1536
"""Three float32 matrices of this size are 28 MB: beyond the second-level caches, and 7.2 GFLOP a product."""

TRIAD_ELEMENTS = 1 << 25
"""Each array is 128 MiB, four times the largest last-level cache that one instance of a guest sees."""

ROUNDS = 20
"""Drift is judged by these rates. On a shared guest, best rates of 4 rounds differed by 1.20 from one probe to the
next (the median), those of 20 rounds by 1.10."""

BF16_ROUNDS = 4
"""Serves as a ceiling only, and takes four times as long where it is emulated."""


def measure_ceilings() -> ProbeResult:
    """Measure both ceilings with the threads and CPUs that this process has."""
    return ProbeResult(
        flops_per_s={
            "fp32": measure_matrix_product(torch.float32),
            "bf16": measure_matrix_product(torch.bfloat16, rounds=BF16_ROUNDS),
        },
        bandwidth_bytes_per_s=measure_triad(),
    )


def measure_matrix_product(dtype: torch.dtype, size: int = MATRIX_SIZE, rounds: int = ROUNDS) -> float:
    """Operations a second of a square product: 2 n³ each."""
    left = torch.full((size, size), 0.5, dtype=dtype)
    right = torch.full((size, size), 0.25, dtype=dtype)
    out = torch.empty((size, size), dtype=dtype)
    with torch.inference_mode():
        torch.mm(left, right, out=out)
        best = min(_time(lambda: torch.mm(left, right, out=out)) for _ in range(rounds))
    return 2 * size**3 / best * 1e9


def measure_triad(elements: int = TRIAD_ELEMENTS, rounds: int = ROUNDS) -> float:
    """Bytes a second of a = b + s·c over float32: two arrays read, one written.

    Counted as STREAM counts it (McCalpin): the write's own fetch of its line is not added.
    """
    left = torch.ones(elements)
    right = torch.ones(elements)
    out = torch.zeros(elements)
    with torch.inference_mode():
        best = min(_time(lambda: torch.add(left, right, alpha=3.0, out=out)) for _ in range(rounds))
    return 3 * 4 * elements / best * 1e9


def _time(call: Callable[[], object]) -> int:
    start = perf_counter_ns()
    call()
    return max(1, perf_counter_ns() - start)
