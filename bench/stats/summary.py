"""From raw samples to the numbers that people read. Pure: the same samples give the same summary anywhere."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain
from math import log
from statistics import median

import msgspec

from bench.records.measurement import InstanceResult, Measurement, Repetition
from bench.records.plan import Cell, Plan, Policy
from bench.records.probe import Probe
from bench.records.reason import Reason
from bench.records.summary import CellSummary, Drift, Mark, Summary
from bench.stats.bound import find_bound
from bench.stats.interval import estimate_error
from bench.stats.method import METHOD, Method
from bench.stats.metrics import read_metrics, summarize_metrics
from bench.stats.noise import UNBOUNDED_CODES
from bench.stats.power import detectable_change
from bench.stats.probes import sum_bandwidth, sum_compute
from bench.stats.steady import WINDOW, is_sliding, is_steady
from bench.stats.variance import REPETITIONS_MIN


def summarize(
    plan: Plan, measurements: Sequence[Measurement], probes: Sequence[Probe], method: Method = METHOD
) -> Summary:
    """Return the summary of a run.

    Args:
        plan: Its cells, in order, and its policy.
        measurements: At most one per cell.
        probes: In the order taken.
        method: Of a summary that was made before; else today's.
    """
    by_cell = {measurement.cell: measurement for measurement in measurements}
    cells: list[CellSummary] = []
    failed: dict[str, Reason] = {}
    for cell in plan.cells:
        found = _summarize_measurement(cell, plan.policy, by_cell.get(cell.id), probes, method)
        if isinstance(found, Reason):
            failed[cell.id] = found
        else:
            cells.append(found)
    return Summary(method=method.name, cells=tuple(cells), failed=failed, drift=measure_drift(probes))


def _summarize_measurement(
    cell: Cell, policy: Policy, measurement: Measurement | None, probes: Sequence[Probe], method: Method
) -> CellSummary | Reason:
    if measurement is None:
        return Reason(code="not_measured")
    if measurement.failure is not None:
        return measurement.failure.cause
    return summarize_cell(cell, policy, measurement.repetitions, probes, method)


def summarize_cell(
    cell: Cell,
    policy: Policy,
    repetitions: Sequence[Repetition],
    probes: Sequence[Probe] = (),
    method: Method = METHOD,
) -> CellSummary | Reason:
    """Return the numbers of one cell, or the reason why it has none.

    They rest on the repetitions of `find_used`. Where the host stayed noisy and none is valid, the interval holds all of
    these, and the mark `noisy_host` is set.

    Args:
        cell: Of the plan.
        policy: Of the plan.
        repetitions: All of the cell, judged (`bench.stats.noise.mark_invalid`; a bundle's are judged again by
            `bench.bundle.consistency` before its summary is).
        probes: All of the run, in sequence: they show the layout's peaks.
        method: As for `summarize`.
    """
    used = find_used(repetitions)
    noisy = any(repetition.invalid for repetition in used)
    values = read_metrics(cell, used, repetitions[0]) if used else {}
    metrics = summarize_metrics(values, confidence=policy.confidence, noisy=noisy, method=method)
    if "latency_s" not in metrics or "throughput_per_s" not in metrics:
        codes = sorted({code for repetition in repetitions for code in repetition.invalid})
        return Reason(code="too_noisy", values={"repetitions": str(len(repetitions)), "invalid": " ".join(codes)})
    instances = [instance for repetition in used for instance in repetition.instances]
    seconds = list(map(_sample_seconds, instances))
    ordered = list(map(sorted, seconds))
    bound = find_bound(cell, repetitions, probes)
    summary = CellSummary(
        cell=cell.id,
        repetitions=len(used),
        invalid_repetitions=sum(bool(repetition.invalid) for repetition in repetitions),
        samples=sum(map(len, seconds)),
        metrics=metrics,
        unit=cell.unit,
        latency_percentiles_s=_percentiles(ordered),
        detectable_ratio=None if noisy else _detectable_ratio(values["latency_s"], policy.confidence, method),
        roofline_ratio=bound.seconds / metrics["latency_s"].point if bound else None,
        bound_by=bound.bound_by if bound else None,
        cold_s=_cold(repetitions),
        stages_s=_stages(instances),
        outliers=sum(map(_outliers, ordered)),
    )
    return msgspec.structs.replace(summary, marks=_marks(summary, policy, instances, seconds, noisy=noisy))


def find_used(repetitions: Sequence[Repetition]) -> list[Repetition]:
    """Return the repetitions that numbers rest on.

    They are the valid ones; where none is valid, those whose noise can only have slowed them.
    """
    valid = [repetition for repetition in repetitions if not repetition.invalid]
    return valid or [repetition for repetition in repetitions if UNBOUNDED_CODES.isdisjoint(repetition.invalid)]


def measure_drift(probes: Sequence[Probe]) -> tuple[Drift, ...]:
    """Return how much the probes of each layout changed: largest over smallest, of layouts probed more than once."""
    drifts = []
    for layout in dict.fromkeys(probe.layout for probe in probes):
        of_layout = [probe for probe in probes if probe.layout == layout]
        compute, bandwidth = list(map(sum_compute, of_layout)), list(map(sum_bandwidth, of_layout))
        if len(of_layout) > 1 and min(compute) > 0:
            drifts.append(
                Drift(
                    layout=layout,
                    compute_ratio=max(compute) / min(compute),
                    bandwidth_ratio=max(bandwidth) / min(bandwidth),
                    probes=len(of_layout),
                )
            )
    return tuple(drifts)


def _marks(
    summary: CellSummary,
    policy: Policy,
    instances: Sequence[InstanceResult],
    seconds: Sequence[Sequence[float]],
    *,
    noisy: bool,
) -> tuple[Mark, ...]:
    """Return what a reader must know, in the order of `Mark`."""
    # Timed samples may show the steady state that a warm-up of few long iterations could not.
    steady = (
        instance.steady or is_steady(values[-WINDOW:]) for instance, values in zip(instances, seconds, strict=True)
    )
    alone = summary.repetitions == 1
    marks: dict[Mark, bool] = {
        "steady_state_not_reached": not all(steady),
        "sliding": any(map(is_sliding, seconds)),
        "wide_latency": summary.latency_s.half_width_ratio > policy.target_ci_ratio,
        "wide_throughput": summary.throughput_per_s.half_width_ratio > policy.target_ci_ratio,
        "single_repetition": alone,
        "few_repetitions": not alone and summary.repetitions < REPETITIONS_MIN,
        "above_peak": (summary.roofline_ratio or 0.0) > 1,
        "noisy_host": noisy,
    }
    return tuple(mark for mark, applies in marks.items() if applies)


def _sample_seconds(instance: InstanceResult) -> list[float]:
    """Return the seconds an iteration of every timed sample of one instance."""
    return [sample.elapsed_ns / sample.iterations / 1e9 for sample in instance.samples]


def _percentiles(series: Sequence[Sequence[float]]) -> dict[str, float]:
    """Return percentiles of all values; series that are sorted are only merged."""
    ordered = sorted(chain.from_iterable(series))
    return {"p50": _quantile(ordered, 0.5), "p90": _quantile(ordered, 0.9), "p99": _quantile(ordered, 0.99)}


def _detectable_ratio(latencies_s: Sequence[float], confidence: float, method: Method) -> float | None:
    """Return the smallest relative change between two such cells that would mostly be shown, as verdicts would judge.

    Two cells of equal scatter have twice the variance of one, and the degrees of freedom of both.
    """
    if len(latencies_s) < REPETITIONS_MIN:
        return None
    mean = estimate_error(list(map(log, latencies_s)), method)
    return detectable_change(
        error=2**0.5 * mean.error, degrees_of_freedom=2 * mean.degrees_of_freedom, level=1 - confidence
    )


def _outliers(ordered: Sequence[float]) -> int:
    """Return how many sorted values lie beyond the quartiles by three interquartile ranges (Tukey's far out)."""
    low, high = _quantile(ordered, 0.25), _quantile(ordered, 0.75)
    reach = 3 * (high - low)
    return bisect_left(ordered, low - reach) + len(ordered) - bisect_right(ordered, high + reach)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of sorted values, as `np.interp` between them does; `np.quantile` takes many times as long."""
    place = share * (len(ordered) - 1)
    index = min(int(place), len(ordered) - 2)
    if index < 0:
        return ordered[0]
    low, high = ordered[index], ordered[index + 1]
    return (high - low) * (place - index) + low


def _stages(instances: Sequence[InstanceResult]) -> dict[str, float]:
    """Return the seconds of each stage of a training step: medians over all steps whose stages were timed."""
    names = instances[0].stages_ns
    return {
        name: median(ns for instance in instances for ns in instance.stages_ns.get(name, ())) / 1e9 for name in names
    }


def _cold(repetitions: Sequence[Repetition]) -> dict[str, float]:
    """Return the seconds before the first number: medians, but the first call of the first repetition by itself.

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
