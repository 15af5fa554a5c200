"""The rows of the timeline: what the probes and the repetitions of a run say about its host, in the order of time."""

from collections.abc import Iterator
from datetime import datetime
from statistics import median

from bench.bundle.timestamp import parse_timestamp
from bench.records.bundle import Contents
from bench.records.machine import Count
from bench.records.plan import CellId
from bench.records.profile import LayoutName
from bench.records.record import Record
from bench.stats.probes import sum_bandwidth, sum_compute


class ProbeRow(Record, frozen=True, kw_only=True):
    """One probe of a layout.

    Attributes:
        elapsed_s: Since the start of the run; whole seconds.
        compute_ratio, bandwidth_ratio: All instances together, as shares of the best probe of the layout.
    """

    layout: LayoutName
    elapsed_s: float
    compute_ratio: float
    bandwidth_ratio: float


class RepetitionTimeRow(Record, frozen=True, kw_only=True):
    """One repetition of a cell with a number.

    Attributes:
        elapsed_s: Since the start of the run; whole seconds.
        latency_ratio: Median of its samples over the cell's latency.
        invalid: Codes of why it is not used; empty if it is.
    """

    cell: CellId
    index: Count
    elapsed_s: float
    latency_ratio: float
    invalid: tuple[str, ...]


def make_probe_rows(contents: Contents) -> Iterator[ProbeRow]:
    """Return a row for each probe, by layout, then in the order in which they were made."""
    start = parse_timestamp(contents.info.started_at, source="bundle.json")
    for layout in contents.plan.layouts:
        probes = [probe for probe in contents.probes if probe.layout == layout.name]
        compute = list(map(sum_compute, probes))
        bandwidth = list(map(sum_bandwidth, probes))
        for probe, operations, rate in zip(probes, compute, bandwidth, strict=True):
            yield ProbeRow(
                layout=layout.name,
                elapsed_s=_seconds_since(start, probe.started_at),
                compute_ratio=operations / max(compute),
                bandwidth_ratio=rate / max(bandwidth),
            )


def make_repetition_time_rows(contents: Contents) -> Iterator[RepetitionTimeRow]:
    """Return a row for each repetition of a cell with a number, by cell."""
    start = parse_timestamp(contents.info.started_at, source="bundle.json")
    latencies = {summary.cell: summary.latency_s.point for summary in contents.summary.cells}
    for measurement in contents.measurements:
        for repetition in measurement.repetitions if measurement.cell in latencies else ():
            seconds = [
                sample.elapsed_ns / sample.iterations / 1e9
                for instance in repetition.instances
                for sample in instance.samples
            ]
            if seconds:
                yield RepetitionTimeRow(
                    cell=measurement.cell,
                    index=repetition.index,
                    elapsed_s=_seconds_since(start, repetition.started_at),
                    latency_ratio=median(seconds) / latencies[measurement.cell],
                    invalid=repetition.invalid,
                )


def _seconds_since(start: datetime, timestamp: str) -> float:
    return (parse_timestamp(timestamp, source="the measurements") - start).total_seconds()
