"""Checks of stability, correctness and performance; most read a value of each cell."""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from bench.compare.qualification.check import Check
from bench.compare.qualification.reading import CellView, ReadCell, Reading, Unit, label_cells, read_bundle, read_cells
from bench.records.bundle import Contents
from bench.records.measurement import Proof
from bench.records.qualification import Value
from bench.records.reason import Reason
from bench.records.summary import Interval
from bench.stats.metrics import METRICS, Better, Metric


def _of_cells(name: str, read: ReadCell, unit: str = "") -> Check:
    return Check(name, "number", read_cells(read), of_cells=True, unit=unit)


def _performance(name: str, read: ReadCell, unit: str, better: Better) -> Check:
    return Check(f"performance.{name}", "number", read_cells(read), of_cells=True, unit=unit, better=better)


def metric_checks(metrics: Iterable[Metric]) -> tuple[Check, ...]:
    """Return the check `performance.<name>` of each metric."""
    return tuple(_performance(metric.name, _metric(metric), metric.unit, metric.better) for metric in metrics)


def _metric(metric: Metric) -> ReadCell:
    """Return what reads a metric of a cell: with its interval, if it is one that has any."""

    def read(view: CellView) -> Value | Interval | None:
        summary = view.summary.metrics.get(metric.name)
        return summary if summary is None or metric.aggregation == "mean" else summary.point

    return read


def _noise(name: str, unit: str = "") -> Check:
    """Return a check of the worst value of any instance of the valid repetitions; unavailable if one has no value."""
    read = attrgetter(name)

    def worst(view: CellView) -> Value | None:
        used = [repetition for repetition in view.measurement.repetitions if not repetition.invalid]
        values = [read(instance.noise) for repetition in used for instance in repetition.instances]
        return None if None in values else max(values)

    return _of_cells(f"stability.{name}", worst, unit)


def _proofs(view: CellView) -> Sequence[Proof]:
    instances = [instance for repetition in view.measurement.repetitions for instance in repetition.instances]
    return [instance.proof for instance in instances if instance.proof is not None]


def _is_proved(view: CellView) -> bool:
    """Return whether every proof of a cell passed; a cell without a proof is not proved."""
    proofs = _proofs(view)
    return bool(proofs) and all(proof.correctness.passed for proof in proofs)


def _invalid_ratio(view: CellView) -> float:
    made = view.summary.repetitions + view.summary.invalid_repetitions
    return view.summary.invalid_repetitions / made


def _drift(name: str) -> Check:
    """Return a check of the largest drift of the probes of any layout, as a share."""

    def readings(unit: Unit) -> Iterator[Reading]:
        drift = unit.contents.summary.drift
        missing = {layout.name for layout in unit.contents.plan.layouts} - {entry.layout for entry in drift}
        if missing or not drift:
            reason = Reason(code="probed_once", values={"layouts": ", ".join(sorted(missing))})
            yield Reading(value=None, absence="undecided", reasons=(reason,))
        else:
            yield Reading(value=max(getattr(entry, name) for entry in drift) - 1)

    return Check(f"stability.{name.removesuffix('_ratio')}_drift_ratio", "number", readings, unit="ratio")


def _measured_cells(contents: Contents) -> tuple[str, ...]:
    measured = {summary.cell for summary in contents.summary.cells}
    return tuple(label for label, cell in label_cells(contents).items() if cell.id in measured)


def _count_measured(unit: Unit) -> Iterator[Reading]:
    """Count the cells with a number; undecided if there is none, unless that is because cells failed."""
    count = len(unit.contents.summary.cells)
    failed = any(measurement.failure is not None for measurement in unit.contents.measurements)
    if count or failed:
        yield Reading(value=count)
    else:
        yield Reading(value=None, absence="undecided", reasons=(Reason(code="no_cell_measured"),))


def _read_run_count(unit: Unit) -> Iterator[Reading]:
    yield Reading(value=unit.run_count)


STABILITY = (
    _of_cells("stability.latency_half_width_ratio", lambda view: view.summary.latency_s.half_width_ratio, "ratio"),
    _of_cells(
        "stability.throughput_half_width_ratio", lambda view: view.summary.throughput_per_s.half_width_ratio, "ratio"
    ),
    _of_cells("stability.detectable_ratio", lambda view: view.summary.detectable_ratio, "ratio"),
    Check("stability.runs", "number", _read_run_count),
    _of_cells("stability.repetitions", lambda view: view.summary.repetitions),
    _of_cells("stability.invalid_repetitions", lambda view: view.summary.invalid_repetitions),
    _of_cells("stability.invalid_ratio", _invalid_ratio, "ratio"),
    _of_cells("stability.outlier_ratio", lambda view: view.summary.outliers / view.summary.samples, "ratio"),
    _noise("steal_ratio", "ratio"),
    _noise("foreign_ratio", "ratio"),
    _noise("throttled_s", "s"),
    _noise("cpu_pressure_s", "s"),
    _noise("involuntary_switches"),
    _noise("migrations"),
    _noise("major_faults"),
    _drift("compute_ratio"),
    _drift("bandwidth_ratio"),
)

CORRECTNESS = (
    Check("correctness.proved", "truth", read_cells(_is_proved), of_cells=True),
    _of_cells(
        "correctness.cosine_similarity",
        lambda view: min((proof.correctness.cosine_similarity for proof in _proofs(view)), default=None),
    ),
    _of_cells(
        "correctness.relative_error",
        lambda view: max((proof.correctness.relative_error for proof in _proofs(view)), default=None),
    ),
    Check(
        "correctness.failed_cells",
        "number",
        read_bundle(lambda contents: sum(measurement.failure is not None for measurement in contents.measurements)),
    ),
    Check("correctness.refused_cases", "number", read_bundle(lambda contents: len(contents.plan.refused))),
    Check("correctness.measured_cell_count", "number", _count_measured),
    Check("correctness.measured_cells", "words", read_bundle(_measured_cells)),
)

PERFORMANCE = (
    *metric_checks(METRICS.values()),
    _performance("roofline_ratio", lambda view: view.summary.roofline_ratio, "ratio", "more"),
)
