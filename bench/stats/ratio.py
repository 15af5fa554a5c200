"""How much longer one thing takes than another: the logarithm of a ratio of latencies, with its error.

The unit of evidence is the repetition, a fresh set of processes: samples of one process share its memory
layout and its hour, and however many they are, they are one observation of it (Kalibera and Jones,
Rigorous Benchmarking in Reasonable Time, ISMM 2013). Logarithms make 2% up and 2% down alike, and turn
the geometric mean of ratios into a mean.
"""

from collections.abc import Iterable, Sequence
from math import exp, inf, log, sqrt
from statistics import fmean, median, variance

from bench.errors import TooNoisyError
from bench.records.record import Record
from bench.records.summary import Interval
from bench.stats.power import POWER, detectable_change
from bench.stats.ranks import PairRanks
from bench.stats.scatter import REPETITIONS_MIN, effective_count

RANKED_MIN = 20
"""Pairs from which on their ranks are judged too. There are half a million ways to tell 20 pairs apart, enough for the level
that each of a thousand cells is held to; of ten pairs, ranks could say nothing that one of ten cells is asked for."""

SCATTER_FLOOR = 0.0005
"""Standard deviation that repetitions are given at least: no two processes are known to repeat better than this,
and repetitions that agree to the last digit by chance prove nothing."""

PRIOR_DEGREES_OF_FREEDOM = REPETITIONS_MIN - 1
"""Degrees of freedom that the usual variance of a comparison's cells counts for: as many as the fewest repetitions have."""


class Variance(Record, frozen=True, kw_only=True):
    """One component of an estimate's variance.

    Attributes:
        value: Of the logarithm.
        freedom: Degrees of freedom that it was estimated with; infinite if it is known.
    """

    value: float
    degrees_of_freedom: float


class LogRatio(Record, frozen=True, kw_only=True):
    """An estimate of the logarithm of a ratio.

    Attributes:
        point: The estimate.
        own: What its own repetitions say of its error.
        shared: What all estimates of the same two runs have in common: the runs' own scatter.
        counts: How many independent repetitions those of base and of new are worth; None where pairs are compared.
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


def estimate_unpaired(
    base_s: Sequence[float], new_s: Sequence[float], run_scatter: Variance, prior: float = 0.0
) -> LogRatio:
    """The ratio of two runs' latencies.

    Method: Student's, of logarithms, where both sides are given the larger of their two variances and the degrees of
    freedom of the smaller side, repetitions that follow one another count for less, and the scatter between runs
    is added. Welch's variances are not safe here: repetitions end when they agree, so that five processes that
    all ran at one of two speeds seem to have no scatter at all, and differ from twenty that ran at both. Nor is
    a cell's own variance, where it is one of many and five of either side may be of one speed: one that is less
    than usual is taken together with the usual one (Smyth, Statistical Applications in Genetics and Molecular
    Biology 3, 2004, with a weight that is given).
    Repetitions of one run also share the run's hour, and show nothing of how another would have come out.
    `tests/benchmarks/error_rates.py` has the rates.

    Args:
        base_s: Seconds an iteration of each repetition of base.
        new_s: The same of new.
        run_scatter: Variance of one run's logarithm about the host's long-term mean.
        prior: Variance of repetitions' logarithms in the cells of this comparison, by `prior_variance`.

    Raises:
        TooNoisyError: too few repetitions on either side.
    """
    _require(min(len(base_s), len(new_s)), f"{len(base_s)} and {len(new_s)} valid repetitions")
    base, new = [log(value) for value in base_s], [log(value) for value in new_s]
    larger = _larger_variance(base, new)
    blended = (PRIOR_DEGREES_OF_FREEDOM * prior + larger.degrees_of_freedom * larger.value) / (
        PRIOR_DEGREES_OF_FREEDOM + larger.degrees_of_freedom
    )
    scatter = max(larger.value, blended)
    counts = (effective_count(base), effective_count(new))
    return LogRatio(
        point=fmean(new) - fmean(base),
        own=(
            Variance(value=scatter * sum(1 / count for count in counts), degrees_of_freedom=max(1.0, min(counts) - 1)),
        ),
        shared=(Variance(value=2 * run_scatter.value, degrees_of_freedom=run_scatter.degrees_of_freedom),),
        counts=counts,
    )


def prior_variance(cells: Iterable[tuple[Sequence[float], Sequence[float]]]) -> float:
    """The median over cells of the larger variance of the logarithms of their sides' repetitions; 0 without any.

    Args:
        cells: Seconds an iteration of each repetition of base and of new; cells with too few count for nothing.
    """
    variances = [
        _larger_variance([log(value) for value in base], [log(value) for value in new]).value
        for base, new in cells
        if min(len(base), len(new)) >= REPETITIONS_MIN
    ]
    return median(variances) if variances else 0.0


def estimate_paired(pairs: Sequence[tuple[float, float]]) -> LogRatio:
    """The ratio of latencies that were measured in turn, base and new, on one host.

    Method: Student's, of the pairs' differences of logarithms: what a pair has in common, such as the host's
    speed in that minute, cancels. With many pairs a difference may also be shown by their ranks, each test at half
    the level: where processes run at one of several speeds, ranks find in the same time what means miss.
    The ratio, its interval and equivalence are always the means'.

    Args:
        pairs: Seconds an iteration of a repetition of base and of its partner of new.

    Raises:
        TooNoisyError: too few pairs.
    """
    _require(len(pairs), f"{len(pairs)} pairs of valid repetitions")
    differences = [log(new / base) for base, new in pairs]
    component = _variance(differences)
    return LogRatio(
        point=fmean(differences),
        own=(Variance(value=component.value / len(pairs), degrees_of_freedom=component.degrees_of_freedom),),
        ranks=PairRanks(pairs) if len(pairs) >= RANKED_MIN else None,
    )


def average(estimates: Sequence[LogRatio]) -> LogRatio:
    """The mean of several cells' estimates: the logarithm of the geometric mean of their ratios.

    What cells of the same two runs share does not average out. One estimate alone is its own mean.

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
    return LogRatio(point=fmean(component.point for component in estimates), own=own, shared=estimates[0].shared)


def interval(estimate: LogRatio, level: float) -> Interval:
    """The ratio of the means, with the interval that misses it in a share `level` of comparisons at most (Student's t).

    Where ranks share the level, it excludes 1 just if the means alone show a difference.
    """
    from scipy.special import stdtrit

    reach = float(stdtrit(estimate.degrees_of_freedom, 1 - level / estimate.tests / 2)) * estimate.error
    return Interval(point=exp(estimate.point), low=exp(estimate.point - reach), high=exp(estimate.point + reach))


def difference_p_value(estimate: LogRatio, allowed: tuple[float, float] = (0.0, 0.0)) -> float:
    """How likely an estimate this far outside of what is allowed would be if nothing else had changed; two-sided.

    Ranks count only if they point where the means do.

    Args:
        estimate: The ratio.
        allowed: Logarithms, least and greatest, that are put down to the host; 0 is between them. Nothing is
            of pairs, which share their host.
    """
    from scipy.special import stdtr

    low, high = allowed
    outside = max(estimate.point - high, low - estimate.point, 0.0)
    p_values = [2 * float(stdtr(estimate.degrees_of_freedom, -outside / estimate.error))]
    if estimate.ranks is not None and estimate.ranks.score * estimate.point > 0:
        p_values.append(estimate.ranks.p_value)
    return min(1.0, estimate.tests * min(p_values))


def equivalence_p_value(estimate: LogRatio, margin_ratio: float, allowed: tuple[float, float] = (0.0, 0.0)) -> float:
    """How likely an estimate this far inside of the margin would be if the ratio were at or beyond it.

    Method: two one-sided tests, Schuirmann (Journal of Pharmacokinetics and Biopharmaceutics 15, 1987). What the host
    may have added or taken away is held against equivalence.

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
    """The smallest change, as a share, that a share `POWER` of comparisons with this scatter would show."""
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


def _variance(values: Sequence[float]) -> Variance:
    return Variance(value=max(variance(values), SCATTER_FLOOR**2), degrees_of_freedom=len(values) - 1)


def _larger_variance(base: Sequence[float], new: Sequence[float]) -> Variance:
    return max(_variance(base), _variance(new), key=lambda component: component.value)


def _require(count: int, found: str) -> None:
    if count < REPETITIONS_MIN:
        raise TooNoisyError(
            f"{found} are too few: a verdict takes {REPETITIONS_MIN} of each side; "
            f"measure with --repetitions {REPETITIONS_MIN} or more"
        )
