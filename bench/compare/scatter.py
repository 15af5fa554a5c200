"""The scatter between runs that a comparison allows for: the prior, and what is known of the host. Pure."""

from collections.abc import Hashable, Iterable, Sequence
from statistics import median
from typing import NamedTuple

from bench.bundle.calibration import digest_host
from bench.compare.history import CellKey, EarlierRun, summarize_run
from bench.records.bundle import Contents
from bench.records.calibration import Calibration, CellCalibration
from bench.records.reason import Reason
from bench.records.record import encode_json
from bench.records.verdict import CellVerdict, RunScatter
from bench.stats.run_scatter import (
    BOUND_RATIO,
    PRIOR_RATIO,
    LearnedRuns,
    LearnedScatter,
    allow_between_runs,
    learn_run_scatter,
)
from bench.stats.variance import Variance


class AllowedScatter(NamedTuple):
    """What is known of the scatter between the runs of one comparison.

    Attributes:
        learned: From runs, and from a calibration.
        source: How many runs these are.
    """

    learned: tuple[LearnedRuns, ...]
    source: Reason

    def allow(self, cell: CellKey, tail: float) -> Variance:
        """Return the variance between runs to allow for in one cell.

        Args:
            cell: Of all runs.
            tail: Probability beyond one end of the interval that is made of it.
        """
        return allow_between_runs((part for runs in self.learned for part in runs.find(cell)), tail)

    def describe(self, verdicts: Iterable[CellVerdict]) -> RunScatter:
        """Return the record of it, with the median over cells."""
        ratios = [verdict.run_scatter_ratio for verdict in verdicts if verdict.run_scatter_ratio is not None]
        return RunScatter(ratio=median(ratios) if ratios else BOUND_RATIO, source=self.source)


def learn_scatter(
    base: Sequence[Contents], new: Sequence[Contents], earlier: Sequence[EarlierRun] = ()
) -> AllowedScatter:
    """Return what the host's runs show: those of each side, earlier ones, and those of its calibration.

    A calibration counts only if none of its runs counts already. If the sides are of two hosts, only their own runs
    count, since earlier runs on one host do not show how far apart two hosts lie.
    """
    runs = (*base, *new)
    hosts = {digest_host(contents.machine) for contents in runs}
    groups = [[summarize_run(contents) for contents in side] for side in (base, new)]
    used = group_runs(earlier) if len(hosts) == 1 else []
    learned = learn_run_scatter([[run.means for run in group] for group in (*groups, *used)])
    counted = {contents.info.run_id for contents in runs} | {run.run_id for group in used for run in group}
    calibration = _find_calibration(runs, hosts, counted)
    several = len(base) > 1 or len(new) > 1
    counts = {
        "earlier": sum(map(len, used)),
        "compared": len(runs) if several else 0,
        "calibrated": 0 if calibration is None else len(calibration.runs),
    }
    values = {name: str(count) for name, count in counts.items()}
    values["prior_percent"] = f"{100 * PRIOR_RATIO:.1f}"
    code = "scatter_learned" if any(counts.values()) else "scatter_assumed"
    parts = (learned,) if calibration is None else (learned, _read_calibration(calibration))
    return AllowedScatter(parts, Reason(code=code, values=values))


def group_runs(earlier: Sequence[EarlierRun]) -> list[list[EarlierRun]]:
    """Return runs in groups of the same subject; a run alone shows no scatter and is left out."""
    groups: dict[str, list[EarlierRun]] = {}
    for run in earlier:
        groups.setdefault(run.subject, []).append(run)
    return [group for group in groups.values() if len(group) > 1]


def _find_calibration(runs: Sequence[Contents], hosts: set[str], counted: set[str]) -> Calibration | None:
    """Return the newest calibration that a bundle holds of the one host, unless runs of it are counted already."""
    found = [contents.calibration for contents in runs if contents.calibration is not None]
    usable = [entry for entry in found if hosts == {entry.host_digest} and not counted & set(entry.runs)]
    return max(usable, key=lambda calibration: calibration.measured_at, default=None)


def _read_calibration(calibration: Calibration) -> LearnedRuns:
    cells: dict[Hashable, LearnedScatter] = {
        (encode_json(cell.case), cell.layout): _read_cell(cell, len(calibration.runs)) for cell in calibration.cells
    }
    return LearnedRuns(
        cells,
        LearnedScatter(
            calibration.run_scatter_ratio**2,
            sum(cell.explained for cell in cells.values()) / len(cells),
            calibration.degrees_of_freedom,
        ),
    )


def _read_cell(cell: CellCalibration, runs: int) -> LearnedScatter:
    explained = cell.repetition_scatter_ratio**2 * runs / max(1, cell.repetitions)
    return LearnedScatter(max(0.0, cell.run_scatter_ratio**2 - explained), explained, runs - 1)
