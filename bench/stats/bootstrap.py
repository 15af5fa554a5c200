"""The two-level bootstrap: over repetitions, then over the samples within each.

Samples of one process share its memory layout, its compiled code and its hour, so they are not
independent; repetitions in fresh processes are. Resampling both levels keeps that structure.

Method: Davison and Hinkley, Bootstrap Methods and their Application (1997), section 3.8; for
benchmarks Kalibera and Jones, Rigorous Benchmarking in Reasonable Time (ISMM 2013).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bench.errors import TooNoisyError
from bench.records.summary import Interval

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

RESAMPLES = 2000

_BLOCK = 1 << 22
"""Most indices drawn at once: bounds memory, whatever the number of samples."""


class RandomIndices:
    """A stream of indices that is the same on every machine and with every NumPy.

    NumPy keeps a bit generator's raw output stable for ever, but not what `Generator` makes of it
    (NEP 19), and a bundle must verify for years: so the raw bits are scaled here.
    """

    def __init__(self, seed: int) -> None:
        """Start the stream that belongs to a seed."""
        import numpy as np

        self._bits = np.random.PCG64(seed)

    def draw(self, rows: int, columns: int, below: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint64]]":
        """Indices in [0, below), by multiply and shift; `below` is less than 2**32."""
        import numpy as np

        raw = self._bits.random_raw(rows * columns) >> np.uint64(32)
        return (raw * np.uint64(below) >> np.uint64(32)).reshape(rows, columns)


def resample(values: "Array", statistic: "Callable[[Array], Array]", indices: RandomIndices) -> "Array":
    """The statistic of `RESAMPLES` resamples of one group.

    Args:
        values: Shape (n,) or (n, k): n samples.
        statistic: Maps (rows, n) or (rows, n, k) to (rows,).
        indices: Where randomness comes from.

    Returns:
        Shape (RESAMPLES,).
    """
    import numpy as np

    rows = max(1, _BLOCK // len(values))
    return np.concatenate(
        [
            statistic(values[indices.draw(min(rows, RESAMPLES - done), len(values), len(values))])
            for done in range(0, RESAMPLES, rows)
        ]
    )


def resample_repetitions(replicates: "Sequence[Array]", indices: RandomIndices) -> "Array":
    """Resample repetitions, given each one's own resampled statistic.

    Args:
        replicates: Per repetition an array of shape (RESAMPLES,).
        indices: Where randomness comes from.

    Returns:
        Means over the drawn repetitions, shape (RESAMPLES,). A repetition drawn twice takes part
        with two different resamples of its samples: each draw reads at an offset of its own.
    """
    import numpy as np

    count = len(replicates)
    table = np.stack(replicates)
    chosen = indices.draw(RESAMPLES, count, count)
    row = np.arange(RESAMPLES)[:, None]
    offset = np.arange(count)[None, :] * (RESAMPLES // count)
    drawn: Array = table[chosen, (row + offset) % RESAMPLES].mean(axis=1)
    return drawn


def percentile_interval(point: float, replicates: "Array", *, confidence: float) -> Interval:
    """The percentile interval of bootstrap replicates around their point.

    Method: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.

    Raises:
        TooNoisyError: a replicate is not finite.
    """
    import numpy as np

    if not np.isfinite(replicates).all():
        raise TooNoisyError("samples give no finite statistic; measure the cell again")
    tail = (1 - confidence) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return Interval(point=point, low=min(float(low), point), high=max(float(high), point))
