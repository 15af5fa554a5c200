"""Rows that only pages show: samples, roofline, timeline, noise."""

from math import isclose
from statistics import median

import pytest
from msgspec.structs import replace

from bench.report.rows.noise import make_noise_rows
from bench.report.rows.roofline import make_ceiling_rows, make_roofline_rows
from bench.report.rows.samples import make_samples_rows
from bench.report.rows.timeline import make_probe_rows, make_repetition_time_rows
from tests.unit.compare.qualification.units import make_contents

CONTENTS = make_contents(0.01)
DISTURBED = make_contents(0.01, invalid=True)


def test_each_sample_is_there_in_seconds_per_iteration() -> None:
    rows = list(make_samples_rows(CONTENTS))
    assert [row.cell for row in rows] == [measurement.cell for measurement in CONTENTS.measurements]
    first = CONTENTS.measurements[0].repetitions[0].instances[0]
    expected = [sample.elapsed_ns / 1e9 / sample.iterations for sample in first.samples]
    assert rows[0].repetitions[0].samples_s == (pytest.approx(expected),)
    assert len(rows[0].repetitions[0].warmup_s[0]) == len(first.warmup)


def test_invalid_repetitions_are_kept_with_their_codes() -> None:
    assert next(make_samples_rows(DISTURBED)).repetitions[0].invalid == ("steal",)


def test_a_cell_stands_below_the_ceiling_of_its_layout_by_its_share() -> None:
    """Share of peak, as the summary has it, follows from the two rows."""
    ceilings = {row.layout: row for row in make_ceiling_rows(CONTENTS)}
    rows = {row.cell: row for row in make_roofline_rows(CONTENTS)}
    assert rows
    for summary in CONTENTS.summary.cells:
        if summary.bound_by == "compute":
            row = rows[summary.cell]
            share = row.operations_per_s / ceilings[row.layout].operations_per_s["fp32"]
            assert summary.roofline_ratio is not None
            assert isclose(share, summary.roofline_ratio)


def test_without_peaks_there_is_no_ceiling() -> None:
    probes = tuple(
        replace(probe, instances=tuple(replace(result, read_bytes_per_s=None, peaks=()) for result in probe.instances))
        for probe in CONTENTS.probes
    )
    assert list(make_ceiling_rows(replace(CONTENTS, probes=probes))) == []


def test_probes_are_shares_of_the_best_of_their_layout() -> None:
    rows = list(make_probe_rows(CONTENTS))
    assert len(rows) == len(CONTENTS.probes)
    assert max(row.compute_ratio for row in rows) == 1
    assert min(row.compute_ratio for row in rows) == pytest.approx(98 / 100)
    assert min(row.bandwidth_ratio for row in rows) == pytest.approx(9.9 / 10)


def test_repetitions_are_held_against_their_cell() -> None:
    rows = [row for row in make_repetition_time_rows(CONTENTS) if row.cell == CONTENTS.measurements[0].cell]
    assert len(rows) == 6
    assert median(row.latency_ratio for row in rows) == pytest.approx(1, rel=1e-2)
    assert all(row.elapsed_s >= 0 for row in rows)


def test_noise_is_the_largest_of_valid_repetitions() -> None:
    quiet, disturbed = (next(iter(make_noise_rows(contents))) for contents in (CONTENTS, DISTURBED))
    assert quiet.steal_ratio == disturbed.steal_ratio == 0.01
    assert quiet.cpu_pressure_s == 0.5
    assert quiet.migrations == 3
    assert quiet.frequency_min_hz is None
    assert quiet.invalid == {}
    assert disturbed.invalid == {"steal": 1}
