"""The window that all instances of a repetition shared: throughput counts nothing outside it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from bench.records.measurement import InstanceResult, Sample

if TYPE_CHECKING:
    import numpy as np

    Integers = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class Columns(NamedTuple):
    """The samples of one instance, each column of shape (samples,)."""

    start_ns: "Integers"
    elapsed_ns: "Integers"
    iterations: "Integers"


def shared_window(instances: Sequence[InstanceResult]) -> tuple[int, int]:
    """Return the latest first start and the earliest last end, in nanoseconds of the host's monotonic clock.

    The end is before the start if some instances never ran together.
    """
    start = max(instance.samples[0].start_ns for instance in instances)
    end = min(instance.samples[-1].start_ns + instance.samples[-1].elapsed_ns for instance in instances)
    return start, end


def overlap_ratio(instances: Sequence[InstanceResult]) -> float:
    """Return the shared window as a share of the time from the first start to the last end; 0 if there is none."""
    start, end = shared_window(instances)
    first = min(instance.samples[0].start_ns for instance in instances)
    last = max(instance.samples[-1].start_ns + instance.samples[-1].elapsed_ns for instance in instances)
    return max(0, end - start) / (last - first)


def read_columns(samples: Sequence[Sample]) -> Columns:
    """Return the samples' fields as columns."""
    import numpy as np

    return Columns(
        np.array([sample.start_ns for sample in samples], dtype=np.int64),
        np.array([sample.elapsed_ns for sample in samples], dtype=np.int64),
        np.array([sample.iterations for sample in samples], dtype=np.int64),
    )


def clip_samples(columns: Columns, window: tuple[int, int]) -> "tuple[Array, Array]":
    """Return the parts of samples inside a window.

    Args:
        columns: The samples.
        window: First and last nanosecond.

    Returns:
        Iterations (a fraction for a sample cut by the window's edge) and nanoseconds, each of shape (n,).
    """
    import numpy as np

    inside = np.minimum(columns.start_ns + columns.elapsed_ns, window[1]) - np.maximum(columns.start_ns, window[0])
    kept = inside > 0
    inside = inside[kept]
    return columns.iterations[kept] * (inside / columns.elapsed_ns[kept]), inside.astype(np.float64)
