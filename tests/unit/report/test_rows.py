from msgspec.structs import replace

from bench.records.bundle import Contents
from bench.report.rows.cells import make_cell_rows, make_failed_rows, make_stages_rows
from bench.report.rows.effective import make_effective_rows
from bench.report.rows.evidence import make_evidence_rows
from bench.report.run_report import make_run_report
from bench.report.text import render_text
from tests.builders import make_instance, make_proof, make_repetition
from tests.unit.bundle.builder import CONTENTS


def with_first_cell(**changes: object) -> Contents:
    """Change the summary of the first cell."""
    first, *others = CONTENTS.summary.cells
    return replace(CONTENTS, summary=replace(CONTENTS.summary, cells=(replace(first, **changes), *others)))


def test_a_row_joins_the_cell_of_the_plan_with_its_summary() -> None:
    _, row = make_cell_rows(CONTENTS)
    cell, summary = CONTENTS.plan.cells[1], CONTENTS.summary.cells[1]
    assert (row.cell, row.case, row.layout, row.side) == (cell.id, cell.case, cell.layout, None)
    assert (row.instances, row.threads) == (2, (1,))
    assert (row.latency_s, row.throughput_per_s, row.unit) == (summary.latency_s, summary.throughput_per_s, "images")
    assert (row.repetitions, row.samples, row.invalid_repetitions) == (2, 24, 0)


def test_a_row_has_a_share_of_the_one_peak_that_limits_its_cell() -> None:
    for bound_by, shares in (("compute", (0.5, None)), ("memory", (None, 0.5)), (None, (None, None))):
        ratio = None if bound_by is None else 0.5
        row = next(make_cell_rows(with_first_cell(roofline_ratio=ratio, bound_by=bound_by)))
        assert (row.peak_compute_ratio, row.peak_bandwidth_ratio) == shares


def test_each_cell_has_one_row_with_numbers_or_with_a_reason() -> None:
    rows = [row.cell for row in (*make_cell_rows(CONTENTS), *make_failed_rows(CONTENTS))]
    assert rows == [cell.id for cell in CONTENTS.plan.cells]


def test_stages_have_a_row_and_a_line_only_where_a_step_was_split() -> None:
    assert not list(make_stages_rows(CONTENTS))
    contents = with_first_cell(stages_s={"forward": 0.003, "backward": 0.006, "optimizer": 0.001})
    (row,) = make_stages_rows(contents)
    assert row.cell == CONTENTS.plan.cells[0].id
    text = render_text(make_run_report(contents, bundle="x.bench.tar"))
    assert ", latency: forward 30%, backward 60%, optimizer 10%\n" in text


def test_evidence_of_a_failed_cell_is_its_reason() -> None:
    *_, row = make_evidence_rows(CONTENTS)
    assert (row.failure, row.proof) == (CONTENTS.summary.failed[row.cell], None)


def test_a_failed_cell_has_a_row_for_each_instance_that_finished() -> None:
    *others, failed = CONTENTS.measurements
    partial = replace(failed, repetitions=(make_repetition(0, make_instance(proof=make_proof())),))
    rows = list(make_effective_rows(replace(CONTENTS, measurements=(*others, partial))))
    assert [(row.repetition, row.instance) for row in rows if row.cell == failed.cell] == [(0, 0)]
