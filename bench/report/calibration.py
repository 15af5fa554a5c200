"""A calibration as text."""

from tabulate import tabulate

from bench.records.calibration import Calibration
from bench.report.cases import describe_case
from bench.report.machine import describe_calibration

HEADERS = ("cell", "layout", "n", "between repetitions", "between runs", "false alarms", "95% interval")


def render_calibration(calibration: Calibration) -> str:
    """The table, and what comparisons of runs on this host will allow for."""
    rows = [
        (
            describe_case(cell.case),
            cell.layout,
            str(cell.repetitions),
            f"{cell.repetition_scatter_ratio:.2%}",
            f"{cell.run_scatter_ratio:.2%}",
            f"{cell.false_alarms} of {cell.comparisons}",
            f"{cell.false_alarm_ratio.low:.2%} to {cell.false_alarm_ratio.high:.2%}",
        )
        for cell in calibration.cells
    ]
    align = ("left", "left", *("right",) * 5)
    return f"{tabulate(rows, HEADERS, disable_numparse=True, colalign=align)}\n\n{describe_calibration(calibration)}"
