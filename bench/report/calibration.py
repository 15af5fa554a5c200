"""A calibration as text."""

from bench.records.calibration import Calibration
from bench.report.cases import describe_configuration, name_case
from bench.report.machine import describe_calibration
from bench.report.printable import PrintableText, join_lines
from bench.report.table import Column, render_table

COLUMNS = (
    Column("workload"),
    Column("", fold=1),
    Column("layout", fold=2),
    Column("n", "right", rank=2),
    Column("scatter between\nrepetitions", "right"),
    Column("scatter between\nruns", "right"),
    Column("false alarms", "right"),
    Column("95% interval", "right", rank=1),
)


def render_calibration(calibration: Calibration, width: int | None = None) -> PrintableText:
    """The table, no wider than asked, and what comparisons of runs on this host will allow for."""
    rows = [
        (
            name_case(cell.case),
            describe_configuration(cell.case),
            cell.layout,
            str(cell.repetitions),
            f"{cell.repetition_scatter_ratio:.2%}",
            f"{cell.run_scatter_ratio:.2%}",
            f"{cell.false_alarms} of {cell.comparisons}",
            f"{cell.false_alarm_ratio.low:.2%} to {cell.false_alarm_ratio.high:.2%}",
        )
        for cell in calibration.cells
    ]
    return join_lines([render_table(COLUMNS, rows, width), "", describe_calibration(calibration)])
