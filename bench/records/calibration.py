"""The calibration of a host: the false alarm rate of bench's verdicts there, and the scatter between runs."""

from typing import Annotated

from msgspec import Meta

from bench.records.case import Case
from bench.records.digest import Digest
from bench.records.machine import Count
from bench.records.profile import LayoutName
from bench.records.record import Record
from bench.records.summary import Interval
from bench.records.text import Line

Scatter = Annotated[float, Meta(ge=0, le=10)]


class CellCalibration(Record, frozen=True, kw_only=True):
    """One cell, measured in several runs.

    Attributes:
        repetitions: Valid ones of all runs.
        repetition_scatter_ratio: Standard deviation of one repetition's latency within its run.
        run_scatter_ratio: Standard deviation of the runs' means, scatter of their repetitions included.
        comparisons: How often the repetitions were shuffled, assigned to two sides in pairs, and compared.
        false_alarms: How many of these comparisons came out faster or slower.
        false_alarm_ratio: The share, with its 95% interval (Clopper and Pearson). Shuffles of the same repetitions are
            not independent, so that the interval is too narrow.
    """

    case: Case
    layout: LayoutName
    repetitions: Count
    repetition_scatter_ratio: Scatter
    run_scatter_ratio: Scatter
    comparisons: Annotated[int, Meta(ge=1)]
    false_alarms: Count
    false_alarm_ratio: Interval


class Calibration(Record, frozen=True, kw_only=True):
    """`calibration.json`.

    Attributes:
        host_digest: Over CPU and topology: identifies the host.
        measured_at: RFC 3339, UTC: when the last run ended.
        runs: Ids of the runs that it was made from.
        run_scatter_ratio: Standard deviation between runs over all cells, less what repetitions explain.
        degrees_of_freedom: Of that number. Cells of one run are correlated, and count for less than one each.
        cells: In the order of the plan.
    """

    host_digest: Digest
    measured_at: Line
    runs: Annotated[tuple[Line, ...], Meta(min_length=2, max_length=10_000)]
    run_scatter_ratio: Scatter
    degrees_of_freedom: Annotated[float, Meta(gt=0)]
    cells: Annotated[tuple[CellCalibration, ...], Meta(min_length=1)]
