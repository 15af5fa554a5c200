"""Denormal numbers: kept, as IEEE 754 says, in every thread that computes; and read back by computing with some.

Flushing them to zero is a bit of each thread (MXCSR on x86, FPCR on Arm). A library that was linked with GCC's
`crtfastmath.o` sets it in the thread that loads it (GCC's documentation of -ffast-math and -mdaz-ftz), and threads that
are started later inherit it. Denormals cost up to a hundred times a normal number, so either state must be the same
on both sides of a comparison; only the state that is the architectures' default can be had everywhere.
"""

import torch

_SMALLEST_BITS = 1 << 10
"""As float32 about 1.4e-42: far below the smallest normal number, 1.2e-38."""

_ELEMENTS_PER_THREAD = 1 << 17
"""Four times the grain below which torch does not share elementwise work out (at::internal::GRAIN_SIZE, 32768)."""


def keep_denormals() -> None:
    """Have the calling thread, and those that it starts from now on, keep denormal numbers.

    To be called again whenever a library may have been loaded.
    """
    torch.set_flush_denormal(False)


def are_denormals_flushed() -> bool:
    """Return whether any thread of torch's pool flushes denormal numbers to zero: half of one is then zero."""
    count = torch.get_num_threads() * _ELEMENTS_PER_THREAD
    denormals = torch.full((count,), _SMALLEST_BITS, dtype=torch.int32).view(torch.float32)
    halves = (denormals * 0.5).view(torch.int32)
    return bool((halves != _SMALLEST_BITS // 2).any())
