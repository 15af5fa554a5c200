from msgspec.structs import replace

from bench.report.calibration import render_calibration
from bench.report.run_report import make_run_report
from bench.report.text import render_text
from tests.unit.bundle.builder import CONTENTS
from tests.unit.bundle.test_calibration import CALIBRATION

LINE = (
    "calibration of 2026-01-02T03:04:05Z: over 2 runs, 0.40% of scatter between runs, "
    "2 false alarms in 500 comparisons of like with like"
)


def test_says_the_rate_of_each_cell_with_its_interval() -> None:
    text = render_calibration(CALIBRATION)
    assert "2 of 500" in text
    assert "0.10% to 1.40%" in text
    assert text.endswith(LINE)


def test_a_bundles_table_states_its_calibration() -> None:
    calibrated = replace(CONTENTS, calibration=CALIBRATION)
    assert LINE in render_text(make_run_report(calibrated, bundle="x.bench.tar"))
    assert "calibration" not in render_text(make_run_report(CONTENTS, bundle="x.bench.tar"))
