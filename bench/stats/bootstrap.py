"""The two-level bootstrap: over repetitions, then over the samples within each.

Samples of one process share its memory layout, its compiled code and its hour, so they are not
independent; repetitions in fresh processes are. Resampling both levels keeps that structure.

Method: Davison and Hinkley, Bootstrap Methods and their Application (1997), section 3.8; for
benchmarks Kalibera and Jones, Rigorous Benchmarking in Reasonable Time (ISMM 2013). The inner level
is drawn from the statistic's own bootstrap distribution, so that its cost does not grow with the
number of samples times the number of resamples, and a bundle of a million samples verifies at once.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.errors import TooNoisyError
from bench.records.summary import Interval

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

RESAMPLES = 2000


class Uniforms:
    """A stream of numbers in (0, 1) that is the same on every machine and with every NumPy.

    NumPy keeps a bit generator's raw output stable for ever, but not what `Generator` makes of it
    (NEP 19), and a bundle must verify for years: so the raw bits are scaled here.
    """

    def __init__(self, seed: int) -> None:
        """Start the stream that belongs to a seed."""
        import numpy as np

        self._bits = np.random.PCG64(seed)

    def draw(self, rows: int, columns: int = 1) -> "Array":
        """Shape (rows, columns): the upper 52 bits of each raw word, in the middle of their cell."""
        import numpy as np

        raw = self._bits.random_raw(rows * columns) >> np.uint64(12)
        return ((raw.astype(np.float64) + 0.5) * 2.0**-52).reshape(rows, columns)


def resample_median(values: "Array", uniforms: Uniforms) -> "Array":
    """Medians of `RESAMPLES` resamples of some values, shape (RESAMPLES,).

    A resample's ranks are uniform, so its middle order statistics follow a beta distribution, and are
    drawn directly: the upper middle one, and for an even number of values the lower one below it.

    Method: Maritz and Jarrett, A Note on Estimating the Variance of the Sample Median (JASA 73, 1978);
    the pair of order statistics by David and Nagaraja, Order Statistics (2003), section 2.5.
    """
    import numpy as np
    from scipy.special import betaincinv

    count, half = len(values), len(values) // 2
    ordered = np.sort(values)
    upper = betaincinv(half + 1, count - half, uniforms.draw(RESAMPLES)[:, 0])
    lower = upper if count % 2 else upper * uniforms.draw(RESAMPLES)[:, 0] ** (1 / half)
    ranks = np.minimum((np.stack([lower, upper]) * count).astype(np.int64), count - 1)
    drawn: Array = ordered[ranks].mean(axis=0)
    return drawn


def resample_ratio(numerators: "Array", denominators: "Array", uniforms: Uniforms) -> "Array":
    """Ratios of sums of `RESAMPLES` resamples of some pairs, shape (RESAMPLES,).

    Method: the ratio estimator's linearised variance, Cochran, Sampling Techniques (1977), section
    6.4, and the normal limit of its logarithm, as a rate is positive.
    """
    import numpy as np
    from scipy.special import ndtri

    ratio = numerators.sum() / denominators.sum()
    residuals = numerators - ratio * denominators
    error = (residuals @ residuals) ** 0.5 / denominators.sum()
    drawn: Array = ratio * np.exp(error / ratio * ndtri(uniforms.draw(RESAMPLES)[:, 0]))
    return drawn


def resample_repetitions(replicates: "Sequence[Array]", uniforms: Uniforms) -> "Array":
    """Resample repetitions, given each one's own resampled statistic.

    Args:
        replicates: Per repetition an array of shape (RESAMPLES,).
        uniforms: Where randomness comes from.

    Returns:
        Means over the drawn repetitions, shape (RESAMPLES,). A repetition drawn twice takes part
        with two different resamples of its samples: each draw reads at an offset of its own.
    """
    import numpy as np

    count = len(replicates)
    chosen = (uniforms.draw(RESAMPLES, count) * count).astype(np.int64)
    row = np.arange(RESAMPLES)[:, None]
    offset = np.arange(count)[None, :] * max(1, RESAMPLES // count)
    drawn: Array = np.stack(replicates)[chosen, (row + offset) % RESAMPLES].mean(axis=1)
    return drawn


def bootstrap_interval(point: float, replicates: "Array", *, confidence: float, repetitions: int) -> Interval:
    """The interval around a point, from its bootstrap replicates, that covers as often as it says for few repetitions.

    Student's t times the bootstrap's standard error, on the scale of logarithms. A percentile interval of two
    repetitions would span their two values and no more, and hold the truth half of the time; and the standard error
    of n repetitions comes out short by √((n - 1) / n). One repetition says nothing of others: its interval is the
    percentile interval of its samples alone.

    Method: Hesterberg, What Teachers Should Know About the Bootstrap (The American Statistician 69, 2015), sections
    3.2 and 4.3, the t interval with bootstrap standard error; for one repetition Efron and Tibshirani, An
    Introduction to the Bootstrap (1993), chapter 13.

    Args:
        point: Positive.
        replicates: Shape (RESAMPLES,).
        confidence: Of the interval.
        repetitions: That the replicates were made of.

    Raises:
        TooNoisyError: a replicate is not finite and positive.
    """
    import numpy as np
    from scipy.special import stdtrit

    if not (np.isfinite(replicates).all() and (replicates > 0).all()):
        raise TooNoisyError("samples give no finite statistic; measure the cell again")
    if repetitions == 1:
        tail = (1 - confidence) / 2
        low, high = np.quantile(replicates, [tail, 1 - tail])
        return Interval(point=point, low=min(float(low), point), high=max(float(high), point))
    error = float(np.log(replicates).std(ddof=1)) * (repetitions / (repetitions - 1)) ** 0.5
    reach = float(np.exp(stdtrit(repetitions - 1, (1 + confidence) / 2) * error))
    return Interval(point=point, low=point / reach, high=point * reach)
