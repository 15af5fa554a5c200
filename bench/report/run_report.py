"""The report of a run: all that a reader is shown, as data. Every report format renders this one record."""

from bench.records.bundle import BundleInfo, Contents
from bench.records.calibration import Calibration
from bench.records.machine import Machine
from bench.records.plan import Plan
from bench.records.record import Record
from bench.records.summary import Summary
from bench.records.tuning import TuningReport
from bench.records.verdict import Comparison
from bench.report.rows.cells import (
    CellRow,
    FailedRow,
    StagesRow,
    make_cell_rows,
    make_failed_rows,
    make_stages_rows,
)
from bench.report.rows.cross import CrossRow, make_cross_rows
from bench.report.rows.decode import DecodeRow, make_decode_rows


class RunRows(Record, frozen=True, kw_only=True):
    """The lines of a run's tables.

    Attributes:
        cells: The main table.
        cross: Against eager fp32; empty if no workload was measured in eager fp32 and in something else.
        decode: Of language models that generate tokens, by depth.
        stages: Of training steps.
        failed: Cells without numbers.
    """

    cells: tuple[CellRow, ...]
    cross: tuple[CrossRow, ...]
    decode: tuple[DecodeRow, ...]
    stages: tuple[StagesRow, ...]
    failed: tuple[FailedRow, ...]


class RunReport(Record, frozen=True, kw_only=True):
    """A run as its readers see it.

    Attributes:
        bundle: The path of the bundle that it was read from.
        calibration: Of the host; None if there was none before the run.
        comparison: The verdict on the sides of an `ab` run; None for any other run.
        rows: What the tables show.
        tuning: What a stage of a tuning showed; None for any other run.
    """

    bundle: str
    info: BundleInfo
    machine: Machine
    plan: Plan
    summary: Summary
    calibration: Calibration | None
    comparison: Comparison | None
    rows: RunRows
    tuning: TuningReport | None = None


def make_run_report(
    contents: Contents, *, bundle: str, comparison: Comparison | None = None, tuning: TuningReport | None = None
) -> RunReport:
    """Return the report of a run.

    Args:
        contents: Of a bundle that was verified.
        bundle: Its path.
        comparison: Of the sides of an `ab` run.
        tuning: Of a stage of a tuning.
    """
    return RunReport(
        bundle=bundle,
        info=contents.info,
        machine=contents.machine,
        plan=contents.plan,
        summary=contents.summary,
        calibration=contents.calibration,
        comparison=comparison,
        tuning=tuning,
        rows=RunRows(
            cells=tuple(make_cell_rows(contents)),
            cross=tuple(make_cross_rows(contents)),
            decode=tuple(make_decode_rows(contents)),
            stages=tuple(make_stages_rows(contents)),
            failed=tuple(make_failed_rows(contents)),
        ),
    )
