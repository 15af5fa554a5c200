"""Numbers that are the same on every machine: counter-based, integers only, scaled exactly.

A value depends on its key and its index alone, so any part of a tensor can be made by any thread in any
order. The key is a hash of a seed and the tensor's name. The mixing function is Chris Wellons's
`lowbias32` (https://nullprogram.com/blog/2018/07/31/) with the second half of the key added midway, so
that two keys give different sequences and not one sequence at two offsets.

The only floating-point operation is one multiplication of an exact float32 by a float32 scale. IEEE 754
rounds it correctly, so x86 and Arm agree to the bit; sums, logarithms or sines would not.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from bench.workloads.parallel import run_parallel

SEED = 1337
"""TorchBench's seed; here only a part of every key."""

_CHUNK = 1 << 16
"""Values mixed at a time: two scratch arrays of 256 KiB stay within a core's cache."""
_PART = 1 << 22
"""Values that one thread makes before it takes the next part."""

UInt32Array = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Key:
    """Two 32-bit words that select one sequence.

    Attributes:
        start: Added to the index.
        twist: Added between the two multiplications.
    """

    start: int
    twist: int


def derive_key(name: str, *, seed: int = SEED) -> Key:
    """Hash a seed and a tensor's name into the key of its sequence."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return Key(start=int.from_bytes(digest[0:4], "little"), twist=int.from_bytes(digest[4:8], "little"))


def generate_words(key: Key, start: int, stop: int) -> UInt32Array:
    """Return the words start..stop-1 of a key's sequence, uniform over all 32 bits."""
    words = np.empty(stop - start, dtype=np.uint32)
    for first, last in _ranges(words.size, _CHUNK):
        _mix(key, start + first, words[first:last], np.empty(last - first, dtype=np.uint32))
    return words


def generate_integers(name: str, count: int, *, below: int) -> npt.NDArray[np.int64]:
    """Return integers from 0 to `below` - 1 by multiply and shift; the bias is below 2⁻³² times `below`.

    Args:
        name: The tensor's name.
        count: How many.
        below: One more than the largest, at most 2³².
    """
    words = generate_words(derive_key(name), 0, count).astype(np.uint64)
    return ((words * np.uint64(below)) >> np.uint64(32)).astype(np.int64)


def uniform_scale(deviation: float) -> np.float32:
    """Return the float32 factor that gives the 25-bit integers of `fill_uniform` this standard deviation."""
    return np.float32(deviation * sqrt(3.0) / (1 << 24))


def fill_uniform(targets: Iterable[tuple[str, float, npt.NDArray[np.generic]]], *, seed: int = SEED) -> None:
    """Fill arrays in place with values uniform about zero.

    The top 25 bits of each word, the lowest of them set, are an odd integer between -2²⁴ and 2²⁴, which
    float32 holds exactly; times the scale it is the value. An array of float16 takes the value rounded to
    nearest even, and one of uint16 its bfloat16 bits, rounded likewise, as torch rounds both.

    Args:
        targets: Name, standard deviation and one-dimensional contiguous array of float32, float16 or uint16.
        seed: The other part of every key.
    """
    parts = [
        _Part(derive_key(name, seed=seed), uniform_scale(deviation), start, array[start:stop])
        for name, deviation, array in targets
        for start, stop in _ranges(array.size, _PART)
    ]
    run_parallel(_fill_part, parts)


@dataclass(frozen=True)
class _Part:
    key: Key
    scale: np.float32
    start: int
    array: npt.NDArray[np.generic]


def _fill_part(part: _Part) -> None:
    words, scratch = np.empty(_CHUNK, dtype=np.uint32), np.empty(_CHUNK, dtype=np.uint32)
    for first, last in _ranges(part.array.size, _CHUNK):
        chunk, spare = words[: last - first], scratch[: last - first]
        _mix(part.key, part.start + first, chunk, spare)
        integers = chunk.view(np.int32)
        np.right_shift(integers, 7, out=integers)
        np.bitwise_or(integers, 1, out=integers)
        target = part.array[first:last]
        values = target if target.dtype == np.float32 else spare.view(np.float32)
        values[...] = integers
        np.multiply(values, part.scale, out=values)
        if target.dtype == np.uint16:
            _round_to_bfloat16(spare, chunk, target)
        elif values is not target:
            target[...] = values


def _mix(key: Key, start: int, words: UInt32Array, scratch: UInt32Array) -> None:
    words[...] = np.arange(words.size, dtype=np.uint32)
    np.add(words, np.uint32((key.start + start) & 0xFFFF_FFFF), out=words)
    np.right_shift(words, 16, out=scratch)
    np.bitwise_xor(words, scratch, out=words)
    np.multiply(words, np.uint32(0x7FEB_352D), out=words)
    np.add(words, np.uint32(key.twist), out=words)
    np.right_shift(words, 15, out=scratch)
    np.bitwise_xor(words, scratch, out=words)
    np.multiply(words, np.uint32(0x846C_A68B), out=words)
    np.right_shift(words, 16, out=scratch)
    np.bitwise_xor(words, scratch, out=words)


def _round_to_bfloat16(bits: UInt32Array, scratch: UInt32Array, target: npt.NDArray[np.generic]) -> None:
    np.right_shift(bits, 16, out=scratch)
    np.bitwise_and(scratch, 1, out=scratch)
    np.add(scratch, np.uint32(0x7FFF), out=scratch)
    np.add(bits, scratch, out=bits)
    np.right_shift(bits, 16, out=bits)
    target[...] = bits


def _ranges(stop: int, step: int) -> Iterator[tuple[int, int]]:
    return ((first, min(first + step, stop)) for first in range(0, stop, step))
