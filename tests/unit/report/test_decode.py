from collections.abc import Callable

import pytest
from msgspec.structs import replace

from bench.records.bundle import Contents
from bench.report.decode import render_decode_table
from bench.report.rows.decode import make_decode_rows
from tests.builders import CASE, make_proof
from tests.unit.bundle.builder import CONTENTS

PROOF = replace(make_proof(), traffic_bytes=2_000_000)
DEPTHS = (4096, 128)


def decoding(*depths: int, batch_size: int = 1) -> Contents:
    """The first cells decode at these depths."""
    cells = list(CONTENTS.plan.cells)
    for index, depth in enumerate(depths):
        case = replace(
            CASE,
            workload="llama_1b",
            phase="decode",
            batch_size=batch_size,
            memory_format="contiguous",
            shape={"prompt_tokens": depth, "output_tokens": 32},
        )
        cells[index] = replace(cells[index], case=case)
    measurements = tuple(
        replace(measurement, repetitions=tuple(replace(repetition, instances=tuple(replace(instance, proof=PROOF) for instance in repetition.instances)) for repetition in measurement.repetitions))
        for measurement in CONTENTS.measurements
    )  # fmt: skip
    return replace(CONTENTS, plan=replace(CONTENTS.plan, cells=tuple(cells)), measurements=measurements)


def test_a_cell_that_does_not_decode_has_no_row() -> None:
    assert list(make_decode_rows(CONTENTS)) == []


def test_rows_go_by_depth() -> None:
    assert [row.depth_tokens for row in make_decode_rows(decoding(*DEPTHS))] == sorted(DEPTHS)


def test_a_token_is_one_sequences_part_of_the_traffic() -> None:
    [row] = make_decode_rows(decoding(128, batch_size=4))
    assert row.bytes_per_token == PROOF.traffic_bytes / 4


def test_the_share_is_of_what_the_layouts_probes_read() -> None:
    contents = decoding(128)
    [row] = make_decode_rows(contents)
    [summary] = [summary for summary in contents.summary.cells if summary.cell == row.cell]
    rates = [
        result.read_bytes_per_s or 0.0
        for probe in contents.probes
        if probe.layout == row.layout
        for result in probe.instances
    ]
    if max(rates):
        assert row.read_bandwidth_ratio == pytest.approx(PROOF.traffic_bytes / summary.latency_s.point / max(rates))
    else:
        assert row.read_bandwidth_ratio is None


def test_the_table_matches_its_golden_file(check_golden: Callable[[str, str], None]) -> None:
    check_golden("report/decode.txt", render_decode_table(list(make_decode_rows(decoding(*DEPTHS)))) + "\n")
