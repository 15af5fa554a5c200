"""The rows of the roofline: what each layout can do by the run's own probes, and where each cell is below that.

Model: Williams, Waterman and Patterson, Roofline (CACM 52(4), 2009).
"""

from collections.abc import Iterator

from bench.records.bundle import Contents
from bench.records.machine import Count
from bench.records.peak import PeakPrecision
from bench.records.plan import CellId
from bench.records.probe import ProbeResult
from bench.records.profile import LayoutName
from bench.records.record import Record
from bench.stats.roofline import find_peak_bandwidth


class CeilingRow(Record, frozen=True, kw_only=True):
    """The most that one instance of a layout can do, by the best of the run's probes.

    Attributes:
        bytes_per_s: Memory bandwidth.
        operations_per_s: Data type → best rate of its instructions or kernels.
        cache_bytes: Of all caches that the instance reaches; None: not recorded.
    """

    layout: LayoutName
    bytes_per_s: float
    operations_per_s: dict[PeakPrecision, float]
    cache_bytes: Count | None


class RooflineRow(Record, frozen=True, kw_only=True):
    """One cell on the roofline of its layout.

    Attributes:
        operations_per_byte: Operations of an iteration over its least memory traffic.
        operations_per_s: Of one instance: operations of an iteration over its latency.
    """

    cell: CellId
    layout: LayoutName
    operations_per_byte: float
    operations_per_s: float


def make_ceiling_rows(contents: Contents) -> Iterator[CeilingRow]:
    """Return a row for each layout whose probes measured peaks."""
    for layout in contents.plan.layouts:
        results = [result for probe in contents.probes if probe.layout == layout.name for result in probe.instances]
        bandwidth = find_peak_bandwidth(results)
        if bandwidth is None:
            continue
        yield CeilingRow(
            layout=layout.name,
            bytes_per_s=bandwidth,
            operations_per_s=_find_peaks(results),
            cache_bytes=max((result.cache_bytes for result in results if result.cache_bytes), default=None),
        )


def make_roofline_rows(contents: Contents) -> Iterator[RooflineRow]:
    """Return a row for each cell with a number whose operations and traffic were counted."""
    cells = {cell.id: cell for cell in contents.plan.cells}
    proofs = {measurement.cell: measurement.proof for measurement in contents.measurements}
    for summary in contents.summary.cells:
        proof = proofs[summary.cell]
        if proof is None or not proof.flops or not proof.traffic_bytes:
            continue
        yield RooflineRow(
            cell=summary.cell,
            layout=cells[summary.cell].layout,
            operations_per_byte=proof.flops / proof.traffic_bytes,
            operations_per_s=proof.flops / summary.latency_s.point,
        )


def _find_peaks(results: list[ProbeResult]) -> dict[PeakPrecision, float]:
    best: dict[PeakPrecision, float] = {}
    for peak in (peak for result in results for peak in result.peaks):
        best[peak.precision] = max(best.get(peak.precision, 0.0), peak.operations_per_s)
    return best
