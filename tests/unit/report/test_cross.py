from collections.abc import Callable

import msgspec
import pytest

from bench.records.bundle import Contents
from bench.records.case import Case
from bench.records.summary import Interval
from bench.records.variant import VARIANTS, Variant
from bench.report.cell_texts import describe_speed_width
from bench.report.closing import render_closing
from bench.report.cross import render_cross_table
from bench.report.rows.cross import make_cross_rows
from bench.report.run_report import make_run_report
from tests.builders import CASE, change_metric, make_proof
from tests.unit.bundle.builder import CONTENTS

replace = msgspec.structs.replace


def crossed(**changes: object) -> Contents:
    """The second cell is the first one's work in another variant, twice as fast."""
    first, second, *rest = CONTENTS.plan.cells
    case: Case = replace(CASE, **changes)
    summaries = CONTENTS.summary.cells
    half = summaries[0].latency_s.point / 2
    faster = change_metric(summaries[1], "latency_s", point=half, low=0.9 * half, high=1.1 * half)
    cold = summaries[1].cold_s | {"compile": 3.0, "load": 0.5}
    proof = replace(make_proof(), evidence={"int8_operations": "53 of 54"})
    measurement = CONTENTS.measurements[1]
    repetition = measurement.repetitions[0]
    proven = replace(repetition, instances=(replace(repetition.instances[0], proof=proof), *repetition.instances[1:]))
    return replace(
        CONTENTS,
        plan=replace(CONTENTS.plan, cells=(first, replace(second, case=case, layout=first.layout), *rest)),
        summary=replace(CONTENTS.summary, cells=(summaries[0], replace(faster, cold_s=cold), *summaries[2:])),
        measurements=(
            CONTENTS.measurements[0],
            replace(measurement, repetitions=(proven, *measurement.repetitions[1:])),
            *CONTENTS.measurements[2:],
        ),
    )


def test_the_cross_table_matches_its_golden_file(check_golden: Callable[[str, str], None]) -> None:
    rows = tuple(make_cross_rows(crossed(backend="torchscript", precision="fx_int8", quant_engine="x86")))
    check_golden("report/cross.txt", render_cross_table(rows) + "\n")


def test_a_row_has_speed_error_int8_share_and_cold_start() -> None:
    eager, quantized = make_cross_rows(crossed(backend="torchscript", precision="fx_int8", quant_engine="x86"))
    assert (eager.speed_ratio, eager.break_even_calls) == (Interval(point=1.0, low=1.0, high=1.0), None)
    assert quantized.speed_ratio.point == pytest.approx(2.0)
    assert quantized.speed_ratio.low < 2.0 < quantized.speed_ratio.high
    assert (eager.is_faster, quantized.is_faster) == (False, True)
    assert (quantized.int8_operations, quantized.compile_s, quantized.load_s) == ("53 of 54", 3.0, 0.5)
    assert quantized.break_even_calls is None, "eager was not measured in fx_int8"


def test_a_compiler_is_compared_with_eager_of_its_own_precision() -> None:
    _, compiled = make_cross_rows(crossed(backend="torchscript"))
    assert isinstance(compiled.break_even_calls, int)


def test_an_engine_that_chooses_formats_itself_is_compared_with_eager_of_another_format() -> None:
    _, compiled = make_cross_rows(crossed(backend="onnxruntime", memory_format="contiguous"))
    assert isinstance(compiled.break_even_calls, int)


def test_a_compiler_that_is_slower_than_eager_never_breaks_even() -> None:
    contents = crossed(backend="torchscript")
    eager, compiled, *others = contents.summary.cells
    double = 2 * eager.latency_s.point
    slower = change_metric(compiled, "latency_s", point=double, low=0.9 * double, high=1.1 * double)
    _, row = make_cross_rows(replace(contents, summary=replace(contents.summary, cells=(eager, slower, *others))))
    assert row.break_even_calls == "never"


def test_a_speed_of_single_repetitions_is_told_without_a_width_and_claims_nothing() -> None:
    contents = crossed(backend="torchscript")
    eager, *others = contents.summary.cells
    alone = replace(
        contents, summary=replace(contents.summary, cells=(replace(eager, marks=("single_repetition",)), *others))
    )
    _, row = make_cross_rows(alone)
    assert (describe_speed_width(row), row.is_faster, row.break_even_calls) == ("", False, "unknown")


def test_only_what_is_shown_to_be_faster_is_called_fastest() -> None:
    contents = crossed(precision="amp_bf16")
    eager, faster, *others = contents.summary.cells
    wide = change_metric(faster, "latency_s", high=3 * faster.latency_s.point)
    found, unsure = (
        make_run_report(
            replace(contents, summary=replace(contents.summary, cells=(eager, cell, *others))), bundle="x.bench.tar"
        )
        for cell in (faster, wide)
    )
    assert "fastest against eager fp32: resnet50 image_size=64 amp_bf16 eager, 2.00× (1.82 to 2.22)" in render_closing(
        found
    )
    assert "fastest" not in render_closing(unsure)


def test_one_variant_alone_has_no_cross_table() -> None:
    assert not list(make_cross_rows(CONTENTS))


def test_the_sides_of_an_ab_run_have_no_cross_table() -> None:
    contents = crossed(backend="torchscript")
    sides = tuple(Variant(name=name, options=(), variables={}, argv=("python",)) for name in VARIANTS)
    assert not list(make_cross_rows(replace(contents, plan=replace(contents.plan, variants=sides))))


def test_different_work_is_not_compared() -> None:
    assert not list(make_cross_rows(crossed(backend="torchscript", batch_size=8)))
