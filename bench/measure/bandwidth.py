"""Memory bandwidth of one binding: a triad, and sweeps that only read.

All are torch's own calls, with all threads of the binding. Arrays are far larger than the caches
(`bench.stats.caches`).
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from bench.measure.timing import find_best_ns

ROUNDS = 20
"""Drift is judged by the triad. On a shared guest, best rates of 4 rounds differed by up to 1.68 from one probe to the
next (the 90th percentile), those of 20 rounds by 1.32: `tests/benchmarks/README.md`."""

READ_ROUNDS = 8
"""Of each sweep, which only sets a peak: that is the best of a run's probes."""

LEAST_ROUNDS = 3
"""After the first one, which maps the pages of the array that is written, and never counts: on a guest of a CPU with 480 MiB
of shared cache it took 0.42 s where the others took 0.28 s, and was the only one that 0.3 s had time for."""

_ROW = 2048
"""Elements of a row where the array is a matrix: 1 MiB, the least array, has 128 rows."""

_ELEMENT_BYTES = 4


class Sweep(NamedTuple):
    """A call, and the bytes that it moves."""

    call: Callable[[], object]
    moved_bytes: int


class Bandwidth(NamedTuple):
    """Rates in bytes a second; `read` is None where it was not asked for."""

    triad: float
    read: float | None


def measure_bandwidth(array_bytes: int, *, read: bool) -> Bandwidth:
    """Measure the triad a = b + s·c over float32, and reading.

    Counted as STREAM counts it (McCalpin): two arrays read and one written. Ordinary stores fetch a line before they
    write it, so up to four arrays move where three are counted. A sweep that only reads has no such part, and comes
    nearer to what memory delivers.

    Args:
        array_bytes: Of each of three arrays.
        read: Measure the sweeps too.
    """
    elements = array_bytes // _ELEMENT_BYTES
    left, right, out = torch.ones(elements), torch.ones(elements), torch.zeros(elements)
    triad = Sweep(lambda: torch.add(left, right, alpha=3.0, out=out), 3 * array_bytes)
    with torch.inference_mode():
        return Bandwidth(
            triad=_measure(triad, ROUNDS),
            read=max(_measure(sweep, READ_ROUNDS) for sweep in _reading_sweeps(left, right)) if read else None,
        )


def _reading_sweeps(left: Tensor, right: Tensor) -> tuple[Sweep, ...]:
    """Return calls that read memory and write next to nothing; the fastest sets the peak, as among kernels.

    They differ in the streams that a thread reads. On an Intel Xeon with AMX the sum, with one, got 10 GB/s of a core, the
    dot product of two arrays 13.5, and the triad 13: `tests/benchmarks/README.md`.
    """
    matrix = left[: len(left) // _ROW * _ROW].view(-1, _ROW)
    vector = right[:_ROW]
    return (
        Sweep(lambda: torch.sum(left), left.nbytes),
        Sweep(lambda: torch.dot(left, right), left.nbytes + right.nbytes),
        Sweep(lambda: torch.mv(matrix, vector), matrix.nbytes),  # as decoding does
    )


def _measure(sweep: Sweep, rounds: int) -> float:
    """Return bytes a second."""
    return sweep.moved_bytes / find_best_ns(sweep.call, rounds, least=LEAST_ROUNDS) * 1e9
