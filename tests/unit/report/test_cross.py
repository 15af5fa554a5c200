from collections.abc import Callable

import msgspec

from bench.records.bundle import Contents
from bench.records.case import Case
from bench.report.cross import render_cross_table
from tests.builders import CASE, change_metric, make_proof
from tests.unit.bundle.builder import CONTENTS

replace = msgspec.structs.replace


def crossed(**changes: object) -> Contents:
    """The second cell is the first one's work in another variant, twice as fast."""
    first, second, *rest = CONTENTS.plan.cells
    case: Case = replace(CASE, **changes)
    summaries = CONTENTS.summary.cells
    faster = change_metric(summaries[1], "latency_s", point=summaries[0].latency_s.point / 2)
    cold = summaries[1].cold_s | {"compile": 3.0, "load": 0.5}
    proof = replace(make_proof(), evidence={"int8_operations": "53 of 54"})
    measurement = CONTENTS.measurements[1]
    repetition = measurement.repetitions[0]
    proven = replace(repetition, instances=(replace(repetition.instances[0], proof=proof), *repetition.instances[1:]))
    return replace(
        CONTENTS,
        plan=replace(CONTENTS.plan, cells=(first, replace(second, case=case), *rest)),
        summary=replace(CONTENTS.summary, cells=(summaries[0], replace(faster, cold_s=cold), *summaries[2:])),
        measurements=(
            CONTENTS.measurements[0],
            replace(measurement, repetitions=(proven, *measurement.repetitions[1:])),
            *CONTENTS.measurements[2:],
        ),
    )


def test_the_cross_table_is_as_it_was_reviewed(check_golden: Callable[[str, str], None]) -> None:
    table = render_cross_table(crossed(backend="torchscript", precision="fx_int8", quant_engine="x86"))
    assert table is not None
    check_golden("report/cross.txt", table + "\n")


def test_a_compiler_is_held_against_eager_of_its_own_precision() -> None:
    table = render_cross_table(crossed(backend="torchscript")) or ""
    assert "calls" in table.splitlines()[5]


def test_an_engine_that_lays_out_by_itself_is_held_against_eager_of_another_format() -> None:
    table = render_cross_table(crossed(backend="onnxruntime", memory_format="contiguous")) or ""
    assert "calls" in table.splitlines()[5]


def test_one_variant_alone_has_no_cross_table() -> None:
    assert render_cross_table(CONTENTS) is None


def test_other_work_is_not_held_against_this() -> None:
    assert render_cross_table(crossed(backend="torchscript", batch_size=8)) is None
