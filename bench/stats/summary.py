"""From raw samples to the numbers that people read. Pure: the same samples give the same summary anywhere."""

import hashlib
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from bench.errors import TooNoisyError
from bench.records.measurement import InstanceResult, Measurement, Probe, Repetition
from bench.records.plan import Cell, Plan, Policy
from bench.records.summary import CellSummary, Drift, Interval, Summary
from bench.stats.bootstrap import (
    Uniforms,
    bootstrap_interval,
    resample_median,
    resample_ratio,
    resample_repetitions,
)
from bench.stats.noise import judge_repetition
from bench.stats.roofline import least_time
from bench.stats.window import clip_samples, shared_window

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
        probes: All of the run, in sequence: they tell drift, and the ceiling.

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
    uniforms = Uniforms(_cell_seed(cell, policy))
    latency, replicates = _latency(valid, uniforms, policy.confidence)
    instances = [instance for repetition in valid for instance in repetition.instances]
    everything = np.concatenate([_seconds(repetition, index) for repetition in valid for index in _each(repetition)])
    percentiles = np.quantile(everything, [0.5, 0.9, 0.99])
    ceiling = next(
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
        latency_s=latency,
        latency_percentiles_s=dict(zip(("p50", "p90", "p99"), map(float, percentiles), strict=True)),
        throughput_per_s=_throughput(valid, uniforms, policy.confidence),
        unit=cell.unit,
        detectable_ratio=_detectable_ratio(latency.point, replicates, policy.confidence, len(valid))
        if len(valid) > 1
        else None,
        roofline_ratio=ceiling[0] / latency.point if ceiling else None,
        bound_by=ceiling[1] if ceiling else None,
        cold_s=_cold(repetitions),
        parts_s=_parts(instances),
        peak_memory_bytes=max(instance.peak_run_bytes for instance in instances),
        outliers=sum(_outliers(_seconds(repetition, index)) for repetition in valid for index in _each(repetition)),
    )


def measure_drift(probes: Sequence[Probe]) -> tuple[Drift, ...]:
    """How far the probes of each layout moved: largest over smallest, of layouts probed more than once."""
    drifts = []
    for layout in dict.fromkeys(probe.layout for probe in probes):
        own = [probe for probe in probes if probe.layout == layout]
        compute = [sum(result.flops_per_s.get("fp32", 0.0) for result in probe.instances) for probe in own]
        bandwidth = [sum(result.bandwidth_bytes_per_s for result in probe.instances) for probe in own]
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


def _cell_seed(cell: Cell, policy: Policy) -> int:
    """A stream of its own for each cell, so that a cell's interval does not depend on its neighbours."""
    return policy.seed ^ int.from_bytes(hashlib.sha256(cell.id.encode()).digest()[:7], "big")


def _each(repetition: Repetition) -> range:
    return range(len(repetition.instances))


def _seconds(repetition: Repetition, instance: int) -> "Array":
    """Seconds an iteration of every timed sample of one instance."""
    import numpy as np

    return np.array([sample.elapsed_ns / sample.iterations / 1e9 for sample in repetition.instances[instance].samples])


def _latency(repetitions: Sequence[Repetition], uniforms: Uniforms, confidence: float) -> tuple[Interval, "Array"]:
    """Mean over repetitions of the mean over instances of the median: the point, its interval, the replicates."""
    import numpy as np

    points, replicates = [], []
    for repetition in repetitions:
        samples = [_seconds(repetition, index) for index in _each(repetition)]
        points.append(float(np.mean([np.median(values) for values in samples])))
        replicates.append(np.mean([resample_median(values, uniforms) for values in samples], axis=0))
    joined = resample_repetitions(replicates, uniforms)
    return bootstrap_interval(
        float(np.mean(points)), joined, confidence=confidence, repetitions=len(repetitions)
    ), joined


def _throughput(repetitions: Sequence[Repetition], uniforms: Uniforms, confidence: float) -> Interval:
    """Items a second of all instances together, each over its own samples inside the shared window."""
    import numpy as np

    points, replicates = [], []
    for repetition in repetitions:
        window = shared_window(repetition.instances)
        clipped = [clip_samples(instance.samples, window) for instance in repetition.instances]
        items = [1e9 * instance.items_per_iteration for instance in repetition.instances]
        points.append(sum(each * float(n.sum() / ns.sum()) for each, (n, ns) in zip(items, clipped, strict=True)))
        drawn = [each * resample_ratio(n, ns, uniforms) for each, (n, ns) in zip(items, clipped, strict=True)]
        replicates.append(np.sum(drawn, axis=0))
    joined = resample_repetitions(replicates, uniforms)
    return bootstrap_interval(float(np.mean(points)), joined, confidence=confidence, repetitions=len(repetitions))


def _detectable_ratio(point: float, replicates: "Array", confidence: float, repetitions: int) -> float:
    """The smallest relative change between two such cells that would be shown with `POWER`.

    Method: (t of the level + t of the power) × √2 × standard error, with the 2(n - 1) degrees of freedom of two
    samples of n repetitions; Cohen, Statistical Power Analysis (1988), chapter 2. The bootstrap's standard error
    of n repetitions comes out short by √((n - 1) / n); Hesterberg, What Teachers Should Know About the Bootstrap
    (The American Statistician 69, 2015), section 3.2.
    """
    from scipy.special import stdtrit

    freedom = 2 * (repetitions - 1)
    reach = stdtrit(freedom, 0.5 + confidence / 2) + stdtrit(freedom, POWER)
    error = replicates.std(ddof=1) * (repetitions / (repetitions - 1)) ** 0.5
    return float(reach * 2**0.5 * error / point)


def _outliers(values: "Array") -> int:
    """How many lie beyond the quartiles by three interquartile ranges (Tukey's far out)."""
    import numpy as np

    low, high = np.quantile(values, [0.25, 0.75])
    reach = 3 * (high - low)
    return int(np.count_nonzero((values < low - reach) | (values > high + reach)))


def _parts(instances: Sequence[InstanceResult]) -> dict[str, float]:
    """Seconds of each part of a step of training: the median over all steps that were taken apart."""
    names = instances[0].parts_ns
    return {name: median(ns for one in instances for ns in one.parts_ns.get(name, ())) / 1e9 for name in names}


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
