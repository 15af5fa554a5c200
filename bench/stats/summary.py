"""From raw samples to the numbers that people read. Pure: the same samples give the same summary anywhere."""

from collections.abc import Sequence
from math import expm1
from statistics import median
from typing import TYPE_CHECKING

from bench.errors import TooNoisyError
from bench.records.measurement import InstanceResult, Measurement, Probe, Repetition
from bench.records.plan import Cell, Plan, Policy
from bench.records.summary import CellSummary, Drift, Summary
from bench.stats.bootstrap import (
    Estimate,
    add,
    average_instances,
    confidence_interval,
    estimate_median,
    estimate_ratio,
    join_repetitions,
)
from bench.stats.noise import judge_repetition
from bench.stats.probes import sum_bandwidth, sum_compute
from bench.stats.roofline import least_time
from bench.stats.window import Columns, clip_samples, read_columns, shared_window

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

POWER = 0.8
"""Share of comparisons that show an effect of the size called detectable."""


def summarize(plan: Plan, measurements: Sequence[Measurement], probes: Sequence[Probe]) -> Summary:
    """Make the summary of a run.

    Args:
        plan: Its cells, in order, and its policy.
        measurements: At most one per cell.
        probes: In the order taken.
    """
    by_cell = {measurement.cell: measurement for measurement in measurements}
    cells: list[CellSummary] = []
    failed: dict[str, str] = {}
    for cell in plan.cells:
        measurement = by_cell.get(cell.id)
        if measurement is None:
            failed[cell.id] = "not measured: the budget ended before it"
        elif measurement.failure is not None:
            failed[cell.id] = f"{measurement.failure.reason}: {measurement.failure.message}"
        else:
            try:
                cells.append(summarize_cell(cell, plan.policy, measurement.repetitions, probes))
            except TooNoisyError as error:
                failed[cell.id] = f"too_noisy: {error}"
    return Summary(cells=tuple(cells), failed=failed, drift=measure_drift(probes))


def summarize_cell(
    cell: Cell, policy: Policy, repetitions: Sequence[Repetition], probes: Sequence[Probe] = ()
) -> CellSummary:
    """Make the numbers of one cell.

    Args:
        cell: Of the plan.
        policy: Of the plan.
        repetitions: All of the cell.
        probes: All of the run, in sequence: they tell drift, and the peaks.

    Raises:
        TooNoisyError: no repetition is valid.
    """
    import numpy as np

    judged = [judge_repetition(repetition, cell.layout, probes) for repetition in repetitions]
    valid = [repetition for repetition, reasons in zip(repetitions, judged, strict=True) if not reasons]
    if not valid:
        reasons = sorted({code for codes in judged for code in codes})
        raise TooNoisyError(
            f"none of {len(repetitions)} repetitions is valid ({', '.join(reasons) or 'none was made'})"
        )
    columns = [[read_columns(instance.samples) for instance in repetition.instances] for repetition in valid]
    seconds = [[_seconds(each) for each in one] for one in columns]
    latency = join_repetitions([average_instances([estimate_median(each) for each in one]) for one in seconds])
    latency_s = confidence_interval(latency, confidence=policy.confidence, repetitions=len(valid))
    throughput = join_repetitions([_throughput(*each) for each in zip(valid, columns, strict=True)])
    instances = [instance for repetition in valid for instance in repetition.instances]
    everything = np.concatenate([each for one in seconds for each in one])
    percentiles = np.quantile(everything, [0.5, 0.9, 0.99])
    bound = next(
        (
            least_time(instance.proof, cell.case.precision, [probe for probe in probes if probe.layout == cell.layout])
            for repetition in repetitions
            for instance in repetition.instances
            if instance.proof is not None
        ),
        None,
    )
    return CellSummary(
        cell=cell.id,
        repetitions=len(valid),
        invalid_repetitions=len(repetitions) - len(valid),
        samples=len(everything),
        latency_s=latency_s,
        latency_percentiles_s=dict(zip(("p50", "p90", "p99"), map(float, percentiles), strict=True)),
        throughput_per_s=confidence_interval(throughput, confidence=policy.confidence, repetitions=len(valid)),
        unit=cell.unit,
        detectable_ratio=_detectable_ratio(latency, policy.confidence, len(valid)) if len(valid) > 1 else None,
        roofline_ratio=bound.seconds / latency.value if bound else None,
        bound_by=bound.bound_by if bound else None,
        cold_s=_cold(repetitions),
        stages_s=_parts(instances),
        peak_memory_bytes=max(instance.peak_run_bytes for instance in instances),
        outliers=sum(_outliers(each) for one in seconds for each in one),
    )


def measure_drift(probes: Sequence[Probe]) -> tuple[Drift, ...]:
    """How far the probes of each layout moved: largest over smallest, of layouts probed more than once."""
    drifts = []
    for layout in dict.fromkeys(probe.layout for probe in probes):
        own = [probe for probe in probes if probe.layout == layout]
        compute, bandwidth = list(map(sum_compute, own)), list(map(sum_bandwidth, own))
        if len(own) > 1 and min(compute) > 0:
            drifts.append(
                Drift(
                    layout=layout,
                    compute_ratio=max(compute) / min(compute),
                    bandwidth_ratio=max(bandwidth) / min(bandwidth),
                    probes=len(own),
                )
            )
    return tuple(drifts)


def _seconds(columns: Columns) -> "Array":
    """Seconds an iteration of every timed sample of one instance, shape (samples,)."""
    return columns.elapsed_ns / columns.iterations / 1e9


def _throughput(repetition: Repetition, columns: Sequence[Columns]) -> Estimate:
    """Items a second of all instances together, each over its own samples inside the shared window."""
    window = shared_window(repetition.instances)
    rates = []
    for instance, own in zip(repetition.instances, columns, strict=True):
        iterations, elapsed_ns = clip_samples(own, window)
        rates.append(estimate_ratio(iterations * instance.items_per_iteration, elapsed_ns / 1e9))
    return add(rates)


def _detectable_ratio(latency: Estimate, confidence: float, repetitions: int) -> float:
    """The smallest relative change between two such cells that would be shown with `POWER`.

    Method: (t of the level + t of the power) × √2 × standard error, with the 2(n - 1) degrees of freedom of two
    samples of n repetitions; Cohen, Statistical Power Analysis (1988), chapter 2.
    """
    from scipy.special import stdtrit

    degrees_of_freedom = 2 * (repetitions - 1)
    quantiles = float(stdtrit(degrees_of_freedom, 0.5 + confidence / 2) + stdtrit(degrees_of_freedom, POWER))
    return expm1(quantiles * (2 * latency.variance) ** 0.5)


def _outliers(values: "Array") -> int:
    """How many lie beyond the quartiles by three interquartile ranges (Tukey's far out)."""
    import numpy as np

    last = len(values) - 1
    low, high = np.interp([0.25 * last, 0.75 * last], np.arange(last + 1), np.sort(values))
    reach = 3 * (high - low)
    return int(np.count_nonzero((values < low - reach) | (values > high + reach)))


def _parts(instances: Sequence[InstanceResult]) -> dict[str, float]:
    """Seconds of each part of a step of training: the median over all steps that were taken apart."""
    names = instances[0].stages_ns
    return {name: median(ns for one in instances for ns in one.stages_ns.get(name, ())) / 1e9 for name in names}


def _cold(repetitions: Sequence[Repetition]) -> dict[str, float]:
    """Seconds before the first number: medians, but the first call of the first repetition by itself.

    Only that one finds compilers' caches empty; `first_call_warm` is the median of the others.
    """
    instances = [instance for repetition in repetitions for instance in repetition.instances]
    cold = {
        "import": median(instance.import_s for instance in instances),
        "build": median(instance.build_s for instance in instances),
        "prepare": median(instance.prepare_s for instance in instances),
        "compile": median(instance.compile_s for instance in instances),
        "load": median(instance.load_s for instance in instances),
        "first_call": median(instance.first_call_s for instance in repetitions[0].instances),
    }
    later = [instance.first_call_s for repetition in repetitions[1:] for instance in repetition.instances]
    return cold | ({"first_call_warm": median(later)} if later else {})
