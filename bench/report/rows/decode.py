"""The rows of the decode table: what one generated token costs, at each depth of the key-value cache."""

from collections.abc import Iterator

from bench.records.bundle import Contents
from bench.records.case import Case
from bench.records.machine import Count
from bench.records.plan import CellId
from bench.records.profile import LayoutName
from bench.records.record import Record
from bench.records.variant import VariantName

_DEPTH = "prompt_tokens"


class DecodeRow(Record, frozen=True, kw_only=True):
    """One cell in which a language model generates tokens.

    Attributes:
        side: Of an `ab` run; None in any other.
        depth_tokens: Tokens in the cache of each sequence when the first one is generated.
        tokens_per_s: Of all sequences and instances together.
        bytes_per_token: Least memory traffic of one iteration, divided among the sequences of the batch.
        read_bandwidth_ratio: That traffic in the cell's latency, as a share of the rate at which the layout's probes read
            memory; None where no probe measured it. Above 1 where caches hold a part.
    """

    cell: CellId
    case: Case
    layout: LayoutName
    side: VariantName | None
    depth_tokens: Count
    tokens_per_s: float
    bytes_per_token: float
    read_bandwidth_ratio: float | None


def make_decode_rows(contents: Contents) -> Iterator[DecodeRow]:
    """Return a row for each cell that decodes and has numbers and a proof: by workload, then by depth."""
    cells = {cell.id: cell for cell in contents.plan.cells}
    proofs = {measurement.cell: measurement.proof for measurement in contents.measurements}
    rows = []
    for summary in contents.summary.cells:
        cell, proof = cells[summary.cell], proofs[summary.cell]
        if cell.case.phase != "decode" or _DEPTH not in cell.case.shape or proof is None:
            continue
        read_bytes_per_s = _find_read_rate(contents, cell.layout)
        rate = proof.traffic_bytes / summary.latency_s.point
        rows.append(
            DecodeRow(
                cell=cell.id,
                case=cell.case,
                layout=cell.layout,
                side=cell.variant,
                depth_tokens=cell.case.shape[_DEPTH],
                tokens_per_s=summary.throughput_per_s.point,
                bytes_per_token=proof.traffic_bytes / cell.case.batch_size,
                read_bandwidth_ratio=None if read_bytes_per_s is None else rate / read_bytes_per_s,
            )
        )
    places = {workload: place for place, workload in enumerate(dict.fromkeys(row.case.workload for row in rows))}
    return iter(sorted(rows, key=lambda row: (places[row.case.workload], row.depth_tokens)))


def _find_read_rate(contents: Contents, layout: LayoutName) -> float | None:
    """Return the best rate at which one instance of a layout read memory, in bytes a second."""
    rates = (
        result.read_bytes_per_s for probe in contents.probes if probe.layout == layout for result in probe.instances
    )
    return max((rate for rate in rates if rate is not None), default=None)
