"""What a run ends with."""

import msgspec

from bench.records.bundle import Contents
from bench.report.closing import render_closing
from bench.report.run_report import make_run_report
from tests.unit.bundle.builder import CONTENTS


def close(contents: Contents = CONTENTS) -> list[str]:
    return render_closing(make_run_report(contents, bundle="x.bench.tar")).split("\n")


def test_it_counts_the_cells_with_a_number_and_says_what_comes_next() -> None:
    lines = close()
    assert lines[0].startswith(
        f"found: {len(CONTENTS.summary.cells)} of {len(CONTENTS.plan.cells)} cells have a number"
    )
    assert lines[-1].startswith("next: bench show x.bench.tar --evidence; bench compare x.bench.tar NEW; ")


def test_a_cell_far_from_its_peak_and_a_noisy_one_stand_out() -> None:
    first, second, *others = (msgspec.structs.replace(cell, marks=()) for cell in CONTENTS.summary.cells)
    far = msgspec.structs.replace(first, roofline_ratio=0.03, bound_by="compute")
    noisy = msgspec.structs.replace(second, marks=("wide_latency",), roofline_ratio=0.5)
    summary = msgspec.structs.replace(CONTENTS.summary, cells=(far, noisy, *others))
    (line,) = (line for line in close(msgspec.structs.replace(CONTENTS, summary=summary)) if "stands out" in line)
    assert "far from the peak: resnet50 image_size=64 fp32 3% of compute" in line
    assert "noisy: resnet50 image_size=64 fp32 ±" in line


def test_nothing_stands_out_of_quiet_cells_near_their_peaks() -> None:
    cells = tuple(msgspec.structs.replace(cell, marks=(), roofline_ratio=0.5) for cell in CONTENTS.summary.cells)
    summary = msgspec.structs.replace(CONTENTS.summary, cells=cells)
    assert len(close(msgspec.structs.replace(CONTENTS, summary=summary))) == 2
