"""Check that no repetition was left out between rounds, and that each cell ended for the reason that it states.

Repetitions go in rounds (`bench.stats.order`), in each of which every unfinished cell gets one. A cell ends when
`bench.stats.cell_progress` says so, right after a probe.
"""

from collections.abc import Sequence

from bench.bundle.timestamp import parse_timestamp
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.measurement import Measurement
from bench.records.plan import Cell, Policy
from bench.records.summary import CellSummary
from bench.stats.cell_progress import CellProgress, assess_progress, possible_stops
from bench.stats.method import METHODS

_PROBES_TRIED = 16
"""Probes after a cell's last repetition that may have ended it: a few of each layout, before the next repetition."""

_TIME_USED_RATIO = 0.9
_TIME_LEFT_S = 5.0
"""Of the time that a run aims at: it ends early by what its last probe would have taken."""


def check_schedule(contents: Contents) -> None:
    """Refuse repetitions that were left out, and cells that cannot have ended as they state.

    Args:
        contents: Their summary follows from the samples: `bench.bundle.recompute` has checked it.

    Raises:
        BundleError: says which cell, and what is missing.
    """
    cells = {cell.id: cell for cell in contents.plan.cells}
    summaries = {summary.cell: summary for summary in contents.summary.cells}
    ended: list[tuple[Measurement, CellProgress]] = []
    _check_rounds(contents)
    for measurement in contents.measurements:
        _check_cell_rounds(measurement, contents.plan.policy)
        failed = measurement.failure is not None
        if failed != (measurement.stopped == "failed"):
            has = "has a failure" if failed else "has none"
            raise BundleError(f"cell {measurement.cell} stopped as {measurement.stopped}, and {has}")
        if not failed:
            progress = _find_progress(measurement, summaries.get(measurement.cell))
            _check_stop(measurement, cells[measurement.cell], contents, progress)
            ended.append((measurement, progress))
    _check_time_used(contents, ended)


def _check_rounds(contents: Contents) -> None:
    """The rounds of all cells together follow one another."""
    made = sorted(
        (repetition.sequence, repetition.round)
        for measurement in contents.measurements
        for repetition in measurement.repetitions
    )
    last = -1
    for sequence, number in made:
        if number > last + 1:
            raise BundleError(
                f"the repetition at place {sequence} is of round {number}, but round {last + 1} is missing"
            )
        last = number


def _check_cell_rounds(measurement: Measurement, policy: Policy) -> None:
    """A cell takes part in every round until it has its least repetitions; a budget may let it begin late."""
    wanted = min(policy.repetitions_min, policy.repetitions_max)
    last = -1
    for repetition in measurement.repetitions[:wanted]:
        if repetition.round != last + 1 and (repetition.index or policy.budget_s is None):
            raise BundleError(
                f"cell {measurement.cell}, repetition {repetition.index}: it was made in round {repetition.round}, but had "
                f"to be in round {last + 1}: the plan has {policy.repetitions_min} repetitions at least"
            )
        last = repetition.round


def _find_progress(measurement: Measurement, summary: CellSummary | None) -> CellProgress:
    """Return the progress of a cell by all probes of the run."""
    completed = len(measurement.repetitions)
    valid = 0 if summary is None else completed - summary.invalid_repetitions
    return CellProgress(completed=completed, valid=valid, summary=summary)


def _check_stop(measurement: Measurement, cell: Cell, contents: Contents, final: CellProgress) -> None:
    """A cell ended when the probes so far let it: later ones may have voided repetitions since."""
    policy, repetitions, probes = contents.plan.policy, measurement.repetitions, contents.probes
    method = METHODS[contents.summary.method]
    possible = set(possible_stops(final, policy))
    before = sum(probe.sequence < repetitions[-1].sequence for probe in probes)
    for count in range(before, min(before + _PROBES_TRIED, len(probes))):
        if measurement.stopped in possible:
            break
        possible |= possible_stops(assess_progress(cell, policy, repetitions, probes[:count], method), policy)
    if measurement.stopped not in possible:
        raise BundleError(
            f"cell {cell.id} stopped as {measurement.stopped}, but its {final.completed} repetitions, {final.valid} of them "
            f"valid, give {' or '.join(sorted(possible)) or 'no reason to stop'}"
        )


def _check_time_used(contents: Contents, ended: Sequence[tuple[Measurement, CellProgress]]) -> None:
    """The cell that was measured last, if it ended for want of time, ended when the time was over.

    A cell before it may have ended for the sake of those that still had to come. Nothing is decided of a run that was
    resumed, or of which some cell has less than it needs: its time may have been kept for that one.
    """
    info, policy = contents.info, contents.plan.policy
    until_s = policy.more_until_s
    complete = len(ended) == len(contents.plan.cells) and all(
        progress.valid >= policy.repetitions_min for _, progress in ended
    )
    if until_s is None or info.resumed or not complete:
        return
    last, _ = max(ended, key=lambda pair: pair[0].repetitions[-1].sequence)
    lasted_s = (
        parse_timestamp(info.finished_at, source="bundle.json") - parse_timestamp(info.started_at, source="bundle.json")
    ).total_seconds()
    if last.stopped == "budget" and lasted_s < _TIME_USED_RATIO * until_s - _TIME_LEFT_S:
        raise BundleError(
            f"cell {last.cell}, the last one, stopped for want of time after {lasted_s:g} s; the plan has {until_s:g} s"
        )
