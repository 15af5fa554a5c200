"""The ceilings of one binding: a large matrix product for each precision, and a triad for bandwidth.

The best of several short rounds counts: a ceiling is what the machine can do, not what it usually does.
"""

from collections.abc import Callable, Mapping
from time import perf_counter_ns
from types import MappingProxyType

import torch

from bench.records.measurement import ProbeResult

MATRIX_SIZE = 1536
"""Three float32 matrices of this size are 28 MB: beyond the second-level caches, and 7.2 GFLOP a product."""

TRIAL_SIZE = 256
"""Large enough to be taken by the same kernels, and 0.4 s in fp16 on a core that has no units for it."""

NO_NATIVE_SUPPORT_RATIO = 0.5
"""Below this share of fp32's rate a precision has no units of its own here; its trial's rate is kept as it is."""

TRIAD_ELEMENTS = 1 << 25
"""Each array is 128 MiB, four times the largest last-level cache that one instance of a guest sees."""

ROUNDS = 20
"""Drift is judged by these rates. On a shared guest, best rates of 4 rounds differed by 1.20 from one probe to the
next (the median), those of 20 rounds by 1.10."""

CEILING_ROUNDS = 4
"""Of the products that serve as a ceiling only."""

LONGEST_NS = 4_000_000_000
"""A ceiling's rounds end after this time, whatever the machine, and a product of which a single one would take longer is not
begun: a slow core needs 20 s for twenty products, an emulated one minutes for one."""

Product = Callable[[int], Callable[[], object]]
"""Makes, for a size, the call that multiplies two square matrices."""


def measure_ceilings() -> ProbeResult:
    """Measure both ceilings with the threads and CPUs that this process has."""
    with torch.inference_mode():
        return ProbeResult(flops_per_s=measure_products(PRODUCTS), bandwidth_bytes_per_s=measure_triad())


def measure_products(products: Mapping[str, Product], size: int = MATRIX_SIZE) -> dict[str, float]:
    """Operations a second of each precision's square product, 2 n³ each; without those that torch lacks here.

    Args:
        products: `fp32` first, against which the others' trials are held.
        size: Of the matrices.
    """
    rates: dict[str, float] = {}
    for name, product in products.items():
        try:
            trial = _rate(product, TRIAL_SIZE, CEILING_ROUNDS)
        except (AttributeError, RuntimeError):  # what torch says of kernels that it was not built with
            continue
        lacks_native_support = (
            trial < NO_NATIVE_SUPPORT_RATIO * rates.get("fp32", 0.0) or 2 * size**3 / trial * 1e9 > LONGEST_NS
        )
        rates[name] = (
            trial if lacks_native_support else _rate(product, size, ROUNDS if name == "fp32" else CEILING_ROUNDS)
        )
    return rates


def _floating(dtype: torch.dtype) -> Product:
    def prepare(size: int) -> Callable[[], object]:
        left = torch.full((size, size), 0.5, dtype=dtype)
        right = torch.full((size, size), 0.25, dtype=dtype)
        out = torch.empty((size, size), dtype=dtype)
        return lambda: torch.mm(left, right, out=out)

    return prepare


def _int8(size: int) -> Callable[[], object]:
    """What quantized linear layers call, oneDNN's: uint8 by packed int8, summed in int32, put out as fp32."""
    left = torch.full((size, size), 3, dtype=torch.uint8)
    right = torch.ops.onednn.qlinear_prepack(torch.full((size, size), 2, dtype=torch.int8), [size, size])
    scales, zeros = torch.ones(size), torch.zeros(size, dtype=torch.int64)
    multiply = torch.ops.onednn.qlinear_pointwise
    return lambda: multiply(left, 1.0, 0, right, scales, zeros, None, 1.0, 0, torch.float32, "none", [], "")


PRODUCTS: Mapping[str, Product] = MappingProxyType(
    {
        "fp32": _floating(torch.float32),
        "bf16": _floating(torch.bfloat16),
        "fp16": _floating(torch.float16),
        "int8": _int8,
    }
)
"""Precision → its matrix product."""


def _rate(product: Product, size: int, rounds: int) -> float:
    return 2 * size**3 / _best(product(size), rounds) * 1e9


def measure_triad(elements: int = TRIAD_ELEMENTS, rounds: int = ROUNDS) -> float:
    """Bytes a second of a = b + s·c over float32: two arrays read, one written.

    Counted as STREAM counts it (McCalpin): the write's own fetch of its line is not added.
    """
    left = torch.ones(elements)
    right = torch.ones(elements)
    out = torch.zeros(elements)
    with torch.inference_mode():
        best = _best(lambda: torch.add(left, right, alpha=3.0, out=out), rounds)
    return 3 * 4 * elements / best * 1e9


def _best(call: Callable[[], object], rounds: int) -> int:
    """Nanoseconds of the fastest of some rounds after a first; of fewer, down to that first, where they take long."""
    times = [_time(call)]
    while len(times) <= rounds and sum(times) < LONGEST_NS:
        times.append(_time(call))
    return min(times[1:] or times)


def _time(call: Callable[[], object]) -> int:
    start = perf_counter_ns()
    call()
    return max(1, perf_counter_ns() - start)
