"""Movement of the host between runs, by its probes, beyond what probes scatter by themselves. Pure."""

from collections.abc import Callable, Iterable, Sequence
from math import exp, expm1, fsum, log, pi, sqrt
from statistics import fmean, median

from bench.records.probe import Probe
from bench.records.profile import LayoutName
from bench.records.reason import Reason
from bench.records.verdict import HostChange
from bench.stats.probes import sum_bandwidth, sum_compute
from bench.stats.variance import Variance, pool_variance

CONFIDENCE = 0.68
"""Share of comparisons of a host that did not change whose probes stay within their scatter: a change counts from one
standard error on. With more, as many as one comparison in fifty beside a noisy neighbour raised a false alarm; with
less, few verdicts of equivalence were lost."""

Probes = Sequence[Probe]
Rates = Sequence[Sequence[float]]
"""Logarithms of the rates of each probe, of each run."""


def measure_host_change(
    base: Iterable[Probes], new: Iterable[Probes], layout: LayoutName, earlier: Iterable[Iterable[Probes]] = ()
) -> HostChange | None:
    """Return how much slower the host itself was in the new runs; None if a run has no probe of the layout.

    Args:
        base: The probes of each run of base.
        new: The same of new.
        layout: Whose probes count.
        earlier: The same of earlier runs, in groups of the same thing; they show how far probes of two runs differ.
    """
    sides = [[[probe for probe in run if probe.layout == layout] for run in side] for side in (base, new)]
    if not all(run and all(sum_compute(probe) > 0 for probe in run) for side in sides for run in side):
        return None
    groups = [[[probe for probe in run if probe.layout == layout] for run in group] for group in earlier]
    compute, compute_scatter = _compare_rates(sum_compute, sides, groups)
    bandwidth, bandwidth_scatter = _compare_rates(sum_bandwidth, sides, groups)
    return HostChange(
        compute_ratio=exp(compute),
        bandwidth_ratio=exp(bandwidth),
        compute_scatter_ratio=expm1(compute_scatter),
        bandwidth_scatter_ratio=expm1(bandwidth_scatter),
    )


def allow_for(change: HostChange | None) -> tuple[float, float]:
    """Return what the host's change may have done to the logarithm of the ratio, least and greatest.

    How a cell divides its time between compute and memory is not known. Anything between no change and the larger
    one may be the host's.
    """
    if change is None:
        return 0.0, 0.0
    parts = (
        _exceed(change.compute_ratio, change.compute_scatter_ratio),
        _exceed(change.bandwidth_ratio, change.bandwidth_scatter_ratio),
    )
    return min(0.0, *parts), max(0.0, *parts)


def explain_by_host_change(change: HostChange, margin_ratio: float | None = None) -> Reason:
    """Return the reason of a cell that the host's change leaves undecided.

    Args:
        change: Of the host, by its probes.
        margin_ratio: Within which the cell would be equivalent without that change; None if it would be different.
    """
    values = {
        "compute_percent": f"{100 * (change.compute_ratio - 1):+.1f}",
        "bandwidth_percent": f"{100 * (change.bandwidth_ratio - 1):+.1f}",
    }
    if margin_ratio is None:
        return Reason(code="host_changed", values=values)
    return Reason(code="host_hides_equivalence", values=values | {"margin_percent": f"{100 * margin_ratio:.3g}"})


def _exceed(ratio: float, scatter_ratio: float) -> float:
    """Return a change's logarithm; 0 if the probes' own scatter may have made it."""
    change = log(ratio)
    return change if abs(change) > log(1 + scatter_ratio) else 0.0


def _compare_rates(
    rate: Callable[[Probe], float], sides: Sequence[Sequence[Probes]], groups: Sequence[Sequence[Probes]]
) -> tuple[float, float]:
    """Return the logarithm of new's time over base's, and how large it may be without any change."""
    from scipy.special import stdtrit

    base, new = ([[log(rate(probe)) for probe in run] for run in side] for side in sides)
    change = fmean(map(median, base)) - fmean(map(median, new))
    earlier = [[median(log(rate(probe)) for probe in run) for run in group if _has_rate(run, rate)] for group in groups]
    errors = [*_error_within(base, new), *_error_between(base, new, earlier)]
    if not errors:
        return change, 0.0
    error = max(errors, key=lambda component: component.value)
    return change, float(stdtrit(error.degrees_of_freedom, 0.5 + CONFIDENCE / 2)) * sqrt(error.value)


def _error_within(base: Rates, new: Rates) -> Iterable[Variance]:
    """Yield the variance of the difference by what probes of one run scatter."""
    repeated = [run for run in (*base, *new) if len(run) > 1]
    if repeated:
        pooled = pool_variance(repeated)
        shares = fsum(1 / len(run) / len(side) ** 2 for side in (base, new) for run in side)
        # A median of normal values has pi / 2 times the variance of their mean.
        yield Variance(value=pooled.value * pi / 2 * shares, degrees_of_freedom=pooled.degrees_of_freedom)


def _error_between(base: Rates, new: Rates, earlier: Sequence[Sequence[float]]) -> Iterable[Variance]:
    """Yield the variance of the difference by what medians of runs scatter: of earlier runs, and within each side."""
    medians = [group for group in (*earlier, *(list(map(median, side)) for side in (base, new))) if len(group) > 1]
    if medians:
        pooled = pool_variance(medians)
        yield Variance(
            value=pooled.value * (1 / len(base) + 1 / len(new)), degrees_of_freedom=pooled.degrees_of_freedom
        )


def _has_rate(run: Probes, rate: Callable[[Probe], float]) -> bool:
    return bool(run) and all(rate(probe) > 0 for probe in run)
