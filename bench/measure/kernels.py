"""The kernels that torch calls where most of a model's time goes: products, linear layers and convolutions.

Which library is fastest depends on the CPU: MKL takes no AVX-512 on AMD, where oneDNN's product in fp32 is twice as
fast; on Arm both may call the Arm Compute Library. So each is measured, and the best one counts.
"""

from collections.abc import Callable, Iterator, Mapping
from math import cbrt
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from bench.measure.timing import find_best_ns
from bench.records.peak import Peak, PeakPrecision

ROUNDS = 4

PRODUCT_SIZE = 1024
"""Of the product that shows drift: 2.1 GFLOP, which take some 5 s on an emulated core, and then are done once. Three
float32 matrices of this size are 12 MB: beyond the second-level caches."""

PRODUCT_ROUNDS = 20
"""On a shared guest, best rates of 4 rounds differed by 1.20 from one probe to the next (the median), those of 20 rounds
by 1.10: `tests/benchmarks/README.md`."""

TRIAL_OPERATIONS = 2 * 256**3
"""0.1 s on an emulated core, and 20 ms in fp16 where a core has no units for it."""

LEAST_NS = 5_000_000
"""A kernel that takes less is measured at a larger size: starting 64 threads takes some 10 µs, and must not count."""

AIM_NS = 7_000_000
TRIAL_ROUNDS = 3
"""The best counts here too: one interrupted trial would leave a kernel at a size that is too small for its rate."""

SIZES = 4
"""Trials of a size. From a trial on many cores, most of which was starting threads, it takes three."""

_TILE = 64
"""Sizes are multiples of it, as those of models are."""


class Prepared(NamedTuple):
    """A call, and the operations that it does."""

    call: Callable[[], object]
    operations: int


Prepare = Callable[[int], Prepared]
"""Makes a call of about so many operations."""


def measure_product() -> float:
    """Measure `torch.mm` in fp32, always at the same size, in operations a second."""
    prepared = _product(torch.float32)(2 * PRODUCT_SIZE**3)
    with torch.inference_mode():
        return prepared.operations / find_best_ns(prepared.call, PRODUCT_ROUNDS) * 1e9


def measure_kernels(kernels: Mapping[tuple[PeakPrecision, str], Prepare]) -> Iterator[Peak]:
    """Measure each kernel that torch has here; those that it was built without, or that need another CPU, are left out.

    Args:
        kernels: Precision and name → what prepares it.
    """
    for (precision, name), prepare in kernels.items():
        try:
            with torch.inference_mode():
                rate = measure_rate(prepare)
        except (AttributeError, RuntimeError):  # what torch says of an operator or a data type that it lacks
            continue
        yield Peak(precision=precision, method="kernel", name=name, operations_per_s=rate)


def measure_rate(prepare: Prepare) -> float:
    """Measure a kernel at a size of at least 5 ms, in operations a second."""
    prepared = prepare(TRIAL_OPERATIONS)
    for _ in range(SIZES):
        elapsed_ns = find_best_ns(prepared.call, TRIAL_ROUNDS)
        if elapsed_ns >= LEAST_NS:
            break
        prepared = prepare(round(prepared.operations * AIM_NS / elapsed_ns))
    return prepared.operations / find_best_ns(prepared.call, ROUNDS) * 1e9


def _square(operations: int) -> int:
    """Return the rows of square matrices whose product takes some operations."""
    return max(1, round(cbrt(operations / 2) / _TILE)) * _TILE


def _product(dtype: torch.dtype) -> Prepare:
    """MKL's in fp32, oneDNN's in lower precisions, on x86."""

    def prepare(operations: int) -> Prepared:
        size = _square(operations)
        left, right = _values(dtype, size, size), _values(dtype, size, size)
        out = torch.empty((size, size), dtype=dtype)
        return Prepared(lambda: torch.mm(left, right, out=out), 2 * size**3)

    return prepare


def _linear(dtype: torch.dtype) -> Prepare:
    """Inductor's linear layers with packed weights, oneDNN's."""

    def prepare(operations: int) -> Prepared:
        size = _square(operations)
        inputs = _values(dtype, size, size)
        weight = torch.ops.mkldnn._reorder_linear_weight(_values(dtype, size, size), size)  # noqa: SLF001 - an operator
        multiply = torch.ops.mkldnn._linear_pointwise  # noqa: SLF001 - an operator's own name
        return Prepared(lambda: multiply(inputs, weight, None, "none", [], ""), 2 * size**3)

    return prepare


def _convolution(dtype: torch.dtype, kernel: int, channels: int) -> Prepare:
    """oneDNN's, channels last, to images of 14 × 14 as in the later layers of a ResNet."""

    def prepare(operations: int) -> Prepared:
        batch, image_operations = _count_images(operations, kernel, channels)
        side = _SIDE + kernel - 1
        inputs = _images(_values(dtype, batch, channels, side, side))
        weight = _images(_values(dtype, channels, channels, kernel, kernel))
        return Prepared(lambda: torch.conv2d(inputs, weight), batch * image_operations)

    return prepare


def _int8_product(operations: int) -> Prepared:
    size = _square(operations)
    left, right = _values(torch.int8, size, size), _values(torch.int8, size, size)
    return Prepared(lambda: torch._int_mm(left, right), 2 * size**3)  # noqa: SLF001 - a public operator's name


def _int8_linear(operations: int) -> Prepared:
    """What quantized linear layers call, oneDNN's: uint8 by packed int8, summed in int32, put out as fp32."""
    size = _square(operations)
    inputs = _values(torch.uint8, size, size)
    weight = torch.ops.onednn.qlinear_prepack(_values(torch.int8, size, size), [size, size])
    scales, zeros = torch.ones(size), torch.zeros(size, dtype=torch.int64)
    multiply = torch.ops.onednn.qlinear_pointwise
    return Prepared(
        lambda: multiply(inputs, 1.0, 0, weight, scales, zeros, None, 1.0, 0, torch.float32, "none", [], ""),
        2 * size**3,
    )


def _int8_convolution(kernel: int, channels: int) -> Prepare:
    """What quantized convolutions call, oneDNN's: from uint8 to uint8."""

    def prepare(operations: int) -> Prepared:
        batch, image_operations = _count_images(operations, kernel, channels)
        side = _SIDE + kernel - 1
        inputs = _images(_values(torch.uint8, batch, channels, side, side))
        scales, zeros = torch.ones(channels), torch.zeros(channels, dtype=torch.int64)
        one, zero = [1, 1], [0, 0]
        plain = _values(torch.int8, channels, channels, kernel, kernel)
        weight = torch.ops.onednn.qconv_prepack(plain, scales, 1.0, 0, one, zero, one, 1, list(inputs.shape))
        convolve = torch.ops.onednn.qconv_pointwise
        rest = [None, one, zero, one, 1, 1e4, 0, torch.uint8, "none", [], ""]
        return Prepared(lambda: convolve(inputs, 1.0, 0, weight, scales, zeros, *rest), batch * image_operations)

    return prepare


_SIDE = 14
"""Of the images that come out. None is padded: multiplications by padding are counted, and not done. Of 14 × 14 with one
pixel of padding they are a tenth of a 3 × 3 convolution, which made it 5% faster than the instructions it consists of."""


def _count_images(operations: int, kernel: int, channels: int) -> tuple[int, int]:
    """Return how many images take some operations, and the operations of each."""
    image_operations = 2 * (_SIDE * channels * kernel) ** 2
    return max(1, round(operations / image_operations)), image_operations


def _values(dtype: torch.dtype, *shape: int) -> Tensor:
    """Return a tensor of ordinary values: zeros draw less power, and would let the clock rise."""
    return torch.full(shape, 0.5 if dtype.is_floating_point else 3, dtype=dtype)


def _images(tensor: Tensor) -> Tensor:
    return tensor.to(memory_format=torch.channels_last)


_FLOATING: Mapping[PeakPrecision, torch.dtype] = MappingProxyType(
    {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
)

KERNELS: Mapping[tuple[PeakPrecision, str], Prepare] = MappingProxyType(
    {(precision, "mm"): _product(dtype) for precision, dtype in _FLOATING.items()}
    | {(precision, "packed_linear"): _linear(dtype) for precision, dtype in _FLOATING.items()}
    | {(precision, "convolution_1x1"): _convolution(dtype, 1, 512) for precision, dtype in _FLOATING.items()}
    | {(precision, "convolution_3x3"): _convolution(dtype, 3, 256) for precision, dtype in _FLOATING.items()}
    | {
        ("int8", "mm"): _int8_product,
        ("int8", "packed_linear"): _int8_linear,
        ("int8", "convolution_1x1"): _int8_convolution(1, 512),
        ("int8", "convolution_3x3"): _int8_convolution(3, 256),
    }
)
"""Precision and name → kernel. The same name is the same shape in every precision."""
