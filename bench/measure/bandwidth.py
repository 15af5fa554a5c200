"""Memory bandwidth of one binding: a triad, and a sweep that only reads.

Both are torch's own kernels, with all threads of the binding. Arrays are far larger than the caches
(`bench.stats.caches`).
"""

from typing import NamedTuple

import torch

from bench.measure.timing import find_best_ns

ROUNDS = 20
"""Drift is judged by the triad. On a shared guest, best rates of 4 rounds differed by up to 1.68 from one probe to the
next (the 90th percentile), those of 20 rounds by 1.32: `tests/benchmarks/README.md`."""

READ_ROUNDS = 8
"""Of the sweep, which only sets a peak: that is the best of a run's probes."""

LEAST_ROUNDS = 3
"""After the first one, which maps the pages of the array that is written, and never counts: on a guest of a CPU with 480 MiB
of shared cache it took 0.42 s where the others took 0.28 s, and was the only one that 0.3 s had time for."""

_ELEMENT_BYTES = 4


class Bandwidth(NamedTuple):
    """Rates in bytes a second; `read` is None where it was not asked for."""

    triad: float
    read: float | None


def measure_bandwidth(array_bytes: int, *, read: bool) -> Bandwidth:
    """Measure the triad a = b + s·c over float32, and reading b.

    Counted as STREAM counts it (McCalpin): two arrays read and one written. Ordinary stores fetch a line before they
    write it, so up to four arrays move where three are counted. A sweep that only reads has no such part, and comes
    nearer to what memory delivers.

    Args:
        array_bytes: Of each of three arrays.
        read: Measure the sweep too.
    """
    elements = array_bytes // _ELEMENT_BYTES
    left, right, out = torch.ones(elements), torch.ones(elements), torch.zeros(elements)
    with torch.inference_mode():
        triad_ns = find_best_ns(lambda: torch.add(left, right, alpha=3.0, out=out), ROUNDS, least=LEAST_ROUNDS)
        read_ns = find_best_ns(lambda: torch.sum(left), READ_ROUNDS, least=LEAST_ROUNDS) if read else None
    moved_bytes = _ELEMENT_BYTES * elements
    return Bandwidth(3 * moved_bytes / triad_ns * 1e9, None if read_ns is None else moved_bytes / read_ns * 1e9)
