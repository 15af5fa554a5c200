"""How much longer one thing takes than another: the logarithm of a ratio of latencies, with its error.

The unit of evidence is the repetition, a fresh set of processes. Samples of one process share its memory layout and
its time of day, and are one observation, however many they are (Kalibera and Jones, Rigorous Benchmarking in
Reasonable Time, ISMM 2013). Logarithms make 2% up and 2% down alike, and turn the geometric mean of ratios into a mean.
"""

from collections.abc import Iterable, Sequence
from math import exp, fsum, inf, log, sqrt
from statistics import fmean, median

from bench.errors import TooNoisyError
from bench.records.record import Record
from bench.records.summary import Interval
from bench.stats.method import METHOD
from bench.stats.power import MAX_REACH, POWER, detectable_change
from bench.stats.ranks import PairRanks
from bench.stats.variance import (
    PRIOR_DEGREES_OF_FREEDOM,
    REPETITIONS_MIN,
    Variance,
    effective_share,
    moderate,
    pool_variance,
)

RANKED_MIN = 20
"""Fewest pairs whose ranks are tested too. The smallest p-value of 20 pairs is one in half a million, enough for the
level of each of a thousand cells. That of ten pairs would not be enough for the level of ten cells."""


class LogRatio(Record, frozen=True, kw_only=True):
    """An estimate of the logarithm of a ratio.

    Attributes:
        point: The estimate.
        own: Components of its variance that come from its own repetitions.
        shared: Components that all estimates of the same runs have in common: the scatter between runs.
        counts: Effective sample sizes of base and of new, for autocorrelation; None where pairs are compared.
        ranks: Of pairs, if they are many: a second test of whether there is a difference.
    """

    point: float
    own: tuple[Variance, ...]
    shared: tuple[Variance, ...] = ()
    counts: tuple[float, float] | None = None
    ranks: PairRanks | None = None

    @property
    def tests(self) -> int:
        """How many tests share a false alarm level (Bonferroni): of means, and of ranks."""
        return 1 if self.ranks is None else 2

    @property
    def error(self) -> float:
        """Standard error."""
        return sqrt(sum(component.value for component in self._variances))

    @property
    def degrees_of_freedom(self) -> float:
        """Degrees of freedom of the error, by Welch and Satterthwaite (Biometrika 34, 1947)."""
        total = sum(component.value for component in self._variances)
        loss = sum(component.value**2 / component.degrees_of_freedom for component in self._variances)
        return total**2 / loss if loss else inf

    @property
    def _variances(self) -> tuple[Variance, ...]:
        return self.own + self.shared


Runs = Sequence[Sequence[float]]
"""Seconds an iteration of each repetition, of each run of one side."""


def estimate_unpaired(base: Runs, new: Runs, run_scatter: Variance, prior: float = 0.0) -> LogRatio:
    """Return the ratio of the latencies of two sides, each of one run or several.

    Method: Student's, of logarithms. Both sides get the larger of their two variances, with the degrees of freedom of
    both. Autocorrelated repetitions count for less, and the scatter between runs is added. Welch's variances are not
    safe here: repetitions end when they agree, so that five processes that all ran at one of two speeds seem to have
    no scatter at all, and differ from twenty that ran at both. Nor is a cell's own variance, where five of either
    side may be of one speed: it is moderated by that of the other cells. `tests/benchmarks/error_rates.py` has the
    rates.

    Args:
        base: The side that `new` is compared with.
        new: The side in question.
        run_scatter: Variance of one run's logarithm about the host's long-term mean.
        prior: Variance of repetitions' logarithms that is usual in this comparison, by `prior_variance`.

    Raises:
        TooNoisyError: too few repetitions on either side.
    """
    made = [min(map(len, runs)) for runs in (base, new)]
    _require(min(made), f"{made[0]} and {made[1]} valid repetitions")
    sides = [_take_logarithms(runs) for runs in (base, new)]
    independent = effective_share([run for side in sides for run in side])
    counts = [[independent * len(run) for run in side] for side in sides]
    larger = _larger_variance(*sides)
    scatter = moderate(larger.value, larger.degrees_of_freedom, prior)
    means = [fmean(map(fmean, side)) for side in sides]
    shares = [fsum(1 / count for count in side) / len(side) ** 2 for side in counts]
    degrees_of_freedom = fsum(fsum(side) - len(side) for side in counts)
    # Correlated repetitions count for fewer, by an estimate from a few values; see `Method.degrees_of_freedom_min`.
    least = min(float(METHOD.degrees_of_freedom_min), larger.degrees_of_freedom)
    return LogRatio(
        point=means[1] - means[0],
        own=(Variance(value=scatter * sum(shares), degrees_of_freedom=max(least, degrees_of_freedom)),),
        shared=(
            Variance(
                value=run_scatter.value * sum(1 / len(side) for side in sides),
                degrees_of_freedom=run_scatter.degrees_of_freedom,
            ),
        ),
        counts=(fsum(counts[0]), fsum(counts[1])),
    )


def prior_variance(cells: Iterable[tuple[Runs, Runs]]) -> float:
    """Return the median over cells of the larger variance of their two sides; 0 without any.

    Args:
        cells: Of each its base and its new; cells with too few repetitions are left out.
    """
    variances = [
        _larger_variance(_take_logarithms(base), _take_logarithms(new)).value
        for base, new in cells
        if min(map(len, (*base, *new))) >= REPETITIONS_MIN
    ]
    return median(variances) if variances else 0.0


Pairs = Sequence[tuple[float, float]]
"""Seconds an iteration of a repetition of base and of its partner of new."""


def estimate_paired(pairs: Pairs, others: Sequence[Variance] = ()) -> LogRatio:
    """Return the ratio of latencies that were measured in turn, base and new, on one host.

    Method: Student's, of the pairs' differences of logarithms. What a pair has in common cancels, such as the host's
    speed in that minute. The variance is moderated by those of the other cells, whose degrees of freedom it gains, as
    far as the prior has them. With many pairs a difference may also be shown by their ranks, each test at half the
    level: where processes run at one of several speeds, ranks find in the same time what means miss. The ratio, its
    interval and equivalence are always the means'.

    Args:
        pairs: Of this cell.
        others: Of the pairs' differences in the other cells of this comparison, by `pair_variance`.

    Raises:
        TooNoisyError: too few pairs.
    """
    _require(len(pairs), f"{len(pairs)} pairs of valid repetitions")
    own = pair_variance(pairs)
    value, degrees_of_freedom = own.value, own.degrees_of_freedom
    if others:
        prior = median([own.value, *(other.value for other in others)])
        value = moderate(own.value, own.degrees_of_freedom, prior)
        degrees_of_freedom += min(PRIOR_DEGREES_OF_FREEDOM, sum(other.degrees_of_freedom for other in others))
    return LogRatio(
        point=fmean(log(new / base) for base, new in pairs),
        own=(Variance(value=value / len(pairs), degrees_of_freedom=degrees_of_freedom),),
        ranks=PairRanks(pairs) if len(pairs) >= RANKED_MIN else None,
    )


def pair_variance(pairs: Pairs) -> Variance:
    """Return the variance of the pairs' differences of logarithms."""
    return pool_variance([[log(new / base) for base, new in pairs]])


def average(estimates: Sequence[LogRatio]) -> LogRatio:
    """Return the mean of several cells' estimates: the logarithm of the geometric mean of their ratios.

    The scatter between runs does not average out, as cells of one run are shifted together. One estimate alone is its
    own mean.

    Method: Fleming and Wallace, How not to lie with statistics (CACM 29(3), 1986).
    """
    count = len(estimates)
    if count == 1:
        return estimates[0]
    own = tuple(
        Variance(value=component.value / count**2, degrees_of_freedom=component.degrees_of_freedom)
        for estimate in estimates
        for component in estimate.own
    )
    return LogRatio(point=fmean(estimate.point for estimate in estimates), own=own, shared=_average_shared(estimates))


def interval(estimate: LogRatio, level: float) -> Interval:
    """Return the ratio of the means with its interval, which misses the true one in a share `level` of comparisons.

    Method: Student's t. Where ranks share the level, the interval excludes 1 only if the means show a difference.
    """
    from scipy.special import stdtrit

    quantile = float(stdtrit(estimate.degrees_of_freedom, 1 - level / estimate.tests / 2))
    reach = min(quantile * estimate.error, MAX_REACH)
    return Interval(point=exp(estimate.point), low=exp(estimate.point - reach), high=exp(estimate.point + reach))


def difference_p_value(estimate: LogRatio, allowed: tuple[float, float] = (0.0, 0.0)) -> float:
    """Return the two-sided p-value of no difference beyond what is allowed.

    Ranks count only if they point where the means do.

    Args:
        estimate: The ratio.
        allowed: Logarithms, least and greatest, that are attributed to the host; 0 is between them. Of pairs both
            are 0, as they share their host.
    """
    from scipy.special import stdtr

    low, high = allowed
    outside = max(estimate.point - high, low - estimate.point, 0.0)
    p_values = [2 * float(stdtr(estimate.degrees_of_freedom, -outside / estimate.error))]
    if estimate.ranks is not None and estimate.ranks.score * estimate.point > 0:
        p_values.append(estimate.ranks.p_value)
    return min(1.0, estimate.tests * min(p_values))


def equivalence_p_value(estimate: LogRatio, margin_ratio: float, allowed: tuple[float, float] = (0.0, 0.0)) -> float:
    """Return the p-value of a ratio at the margin or beyond it.

    Method: two one-sided tests, Schuirmann (Journal of Pharmacokinetics and Biopharmaceutics 15, 1987). What the host
    may have added or taken away counts against equivalence.

    Args:
        estimate: The ratio.
        margin_ratio: The margin is from `1 / (1 + margin_ratio)` to `1 + margin_ratio`.
        allowed: As in `difference_p_value`.
    """
    from scipy.special import stdtr

    low, high = allowed
    reach = log(1 + margin_ratio)
    inside = min(reach - (estimate.point - low), (estimate.point - high) + reach)
    return float(stdtr(estimate.degrees_of_freedom, -inside / estimate.error))


def detectable_ratio(estimate: LogRatio, level: float, allowed: tuple[float, float] = (0.0, 0.0)) -> float:
    """Return the smallest change, as a share, that a share `POWER` of comparisons with this scatter would show."""
    from scipy.special import ndtri

    tail = level / estimate.tests / 2
    by_means = detectable_change(
        error=estimate.error,
        degrees_of_freedom=estimate.degrees_of_freedom,
        level=level / estimate.tests,
        allowance=max(allowed[1], -allowed[0]),
    )
    if estimate.ranks is None:
        return by_means
    return min(by_means, estimate.ranks.detectable_ratio(float(ndtri(1 - tail) + ndtri(POWER))))


def _average_shared(estimates: Sequence[LogRatio]) -> tuple[Variance, ...]:
    """Return the variance of the mean of fully correlated errors: the square of their mean standard deviation."""
    components = [component for estimate in estimates for component in estimate.shared]
    if not components:
        return ()
    error = fmean(sqrt(component.value) for component in components)
    return (Variance(value=error**2, degrees_of_freedom=min(part.degrees_of_freedom for part in components)),)


def _take_logarithms(runs: Runs) -> Runs:
    return [[log(value) for value in run] for run in runs]


def _larger_variance(base: Runs, new: Runs) -> Variance:
    return max(pool_variance(base), pool_variance(new), key=lambda component: component.value)


def _require(count: int, found: str) -> None:
    if count < REPETITIONS_MIN:
        raise TooNoisyError(
            f"{found} are too few: a verdict takes {REPETITIONS_MIN} of each side; "
            f"measure with --repetitions {REPETITIONS_MIN} or more"
        )
