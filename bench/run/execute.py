"""Measure a plan's cells in the plan's order, and write each repetition to the journal before the next begins.

A repetition is judged by the probes before and after it. So a cell is finished only when a probe was taken after its last
repetition: until then it waits, and gets more repetitions if that probe voids one.
"""

from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from bench.bundle.timestamp import format_timestamp
from bench.errors import LaunchError
from bench.launch.failure import WorkerFailedError
from bench.records.measurement import Failure, Repetition
from bench.records.plan import Cell, Plan
from bench.records.progress import Progress
from bench.run.clock import RunClock
from bench.run.faults import find_fault
from bench.run.jobs import JobBuilder, RepetitionRequest, Workers
from bench.run.journal import CellEntry, Journal, ReopenEntry, RepetitionEntry
from bench.run.pace import Pace
from bench.run.prober import Prober
from bench.run.sources import write_sources
from bench.stats.cell_progress import NOT_STARTED, CellProgress, Stop, assess_progress, why_stop
from bench.stats.noise import judge_repetitions
from bench.stats.order import ScheduledRepetition, find_partners, next_repetition

ReportProgress = Callable[[Progress], None]

LOOKAHEAD = 16
"""Repetitions that are planned ahead: their workers load beside those before, or are kept for them."""


class Execution:
    """One pass over a plan: from the beginning, or from where the journal stops."""

    def __init__(
        self,
        journal: Journal,
        *,
        parent: Mapping[str, str],
        report_progress: ReportProgress,
        workers: Workers,
        clock: Callable[[], float] = monotonic,
        run_clock: RunClock | None = None,
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            journal: Its session holds the plan.
            parent: The environment that workers inherit from.
            report_progress: Called between timed parts.
            workers: Runs them.
            clock: Seconds that never step.
            run_clock: The time of day; by default one that starts now.
        """
        self._journal = journal
        self._plan: Plan = journal.session.decision.plan
        self._cells = {cell.id: cell for cell in self._plan.cells}
        self._partners = find_partners(self._plan.cells)
        self._report_progress = report_progress
        self._clock = clock
        self._run_clock = run_clock or RunClock()
        self._pace = Pace(self._plan.policy, clock)
        decision, folder = journal.session.decision, journal.folder.absolute()  # a worker changes its current folder
        self._jobs = JobBuilder(
            self._plan,
            decision.machine,
            folder / "scratch",
            parent=parent,
            workers=workers,
            sources=write_sources(decision.sources, folder / "sources"),
        )
        self._prober = Prober(
            journal,
            self._jobs,
            self._partners,
            report_probe=lambda: self._report("probe", None, 0),
            pace=self._pace,
            run_clock=self._run_clock,
        )
        self._progress: dict[str, CellProgress] = {}

    def measure_all(self) -> None:
        """Measure every cell that is not finished.

        Raises:
            OutputError: the journal cannot be written.
            KeyboardInterrupt: the user stopped it; the journal is complete.
        """
        for cell in self._plan.cells:
            self._judge(cell)
        while True:
            schedule = self._upcoming_repetitions()
            if not schedule and not self._open():
                break
            if schedule and not self._prober.is_due(schedule[0]):
                self._measure(schedule[0], schedule[1:])
                continue
            if schedule or not self._prober.came_last:  # else the time ended since: what is open ends without a probe
                self._prober.probe(self._plan.layouts, self._requests(schedule))
            self._settle()

    def _upcoming_repetitions(self) -> list[ScheduledRepetition]:
        """Return the next repetitions, to the end of the round after this one, as long as no result changes them."""
        stops, may_begin = self._find_stops(), self._may_begin()

        def wants_more(cell: Cell) -> bool:
            if self._journal.is_finished(cell.id):
                return False
            if any(map(self._journal.repetitions, (cell.id, *self._partners[cell.id]))):
                return stops.get(cell.id) is None
            return may_begin

        wanting = {cell.id for cell in self._plan.cells if wants_more(cell)}
        possible = {cell_id: self._cell_progress(cell_id).possible(self._plan.policy) for cell_id in wanting}
        schedule: list[ScheduledRepetition] = []
        last = self._journal.last_scheduled
        while len(schedule) < LOOKAHEAD:
            scheduled = next_repetition(self._plan.cells, wanting, last, self._plan.order_seed)
            if scheduled is None or (schedule[1:] and scheduled.round > schedule[1].round):
                break
            schedule.append(scheduled)
            last = scheduled.round, scheduled.cell.id
            possible[scheduled.cell.id] -= 1
            if not possible[scheduled.cell.id]:
                wanting.discard(scheduled.cell.id)
        return schedule

    def _may_begin(self) -> bool:
        """Return whether the budget allows a cell to begin; the first may always."""
        budget_s = self._plan.policy.budget_s
        begun = [cell.id for cell in self._open()]
        if budget_s is None or not (begun or self._journal.measurements()):
            return True
        remaining_s = self._pace.expect_s(
            (cell_id, self._cell_progress(cell_id).remaining(self._plan.policy)) for cell_id in begun
        )
        return self._pace.elapsed_s + remaining_s < budget_s

    def _find_stops(self) -> dict[str, Stop | None]:
        """Return why each cell that has begun gets no more repetitions.

        The cells of a pair or block stop together: when all of them would, with equally many repetitions.
        """
        stops = {cell.id: self._why_stop(self._cell_progress(cell.id)) for cell in self._open()}

        def holds(cell_id: str, partner: str) -> bool:
            apart = self._cell_progress(partner).completed != self._cell_progress(cell_id).completed
            return not self._journal.is_finished(partner) and (apart or stops.get(partner) is None)

        return {
            cell_id: None if any(holds(cell_id, partner) for partner in self._partners[cell_id]) else stop
            for cell_id, stop in stops.items()
        }

    def _measure(self, scheduled: ScheduledRepetition, then: Sequence[ScheduledRepetition]) -> None:
        """Make one repetition of a cell and judge the cell."""
        cell = scheduled.cell
        index = len(self._journal.repetitions(cell.id))
        self._report("repetition", cell, index + 1)
        self._prober.count_repetition()
        started_at, start = format_timestamp(self._run_clock.now()), self._clock()
        try:
            request, *upcoming = self._requests([scheduled, *then])
            instances = self._jobs.measure(request, then=upcoming)
        except WorkerFailedError as error:
            self._fail(cell, error.failure)
            return
        except LaunchError as error:
            self._fail(cell, Failure(reason="not_started", values={"text": str(error)}))
            return
        self._pace.add(cell.id, self._clock() - start)
        repetition = Repetition(
            index=index,
            round=scheduled.round,
            sequence=self._journal.sequence,
            started_at=started_at,
            instances=instances,
        )
        self._journal.add(
            RepetitionEntry(cell=cell.id, repetition=repetition, ended_at=format_timestamp(self._run_clock.now()))
        )
        self._judge(cell)

    def _requests(self, schedule: Sequence[ScheduledRepetition]) -> list[RepetitionRequest]:
        """Return the requests of repetitions that follow one another."""
        begun = {cell.id for cell in self._plan.cells if self._journal.repetitions(cell.id)}
        requests = []
        for scheduled in schedule:
            requests.append(
                RepetitionRequest(scheduled.cell, first=scheduled.cell.id not in begun, round=scheduled.round)
            )
            begun.add(scheduled.cell.id)
        return requests

    def _judge(self, cell: Cell) -> None:
        """Update a cell's progress, and fail the cell if its outputs or weights are wrong."""
        repetitions = self._journal.repetitions(cell.id)
        if not repetitions or self._journal.is_finished(cell.id):
            return
        fault = find_fault(cell, self._plan.cells, self._journal.repetitions)
        if fault is not None:
            self._fail(cell, fault)
            return
        self._progress[cell.id] = assess_progress(cell, self._plan.policy, repetitions, self._journal.probes())

    def _settle(self) -> None:
        """After a probe: finish the cells that have enough, and reopen those that it voided too much of."""
        self._reopen()
        for cell in self._open():
            self._judge(cell)
        for cell_id, stopped in self._find_stops().items():
            if stopped is not None:
                self._journal.add(CellEntry(cell=cell_id, stopped=stopped))
                self._report("cell", self._cells[cell_id], self._cell_progress(cell_id).completed)

    def _reopen(self) -> None:
        """Go on with finished cells whose repetitions a probe voided, as it showed that the host had been slow.

        Cells of a pair go on together, since their repetitions are compared by index.
        """
        for cell in self._plan.cells:
            if not self._journal.is_finished(cell.id) or self._journal.has_failed(cell.id):
                continue
            repetitions = self._journal.repetitions(cell.id)
            judged = judge_repetitions(cell, repetitions, self._journal.probes())
            progress = CellProgress(len(repetitions), valid=sum(not codes for codes in judged), summary=None)
            if progress.valid < self._plan.policy.repetitions_min and self._why_stop(progress) is None:
                for cell_id in (cell.id, *self._partners[cell.id]):
                    if self._journal.is_finished(cell_id) and not self._journal.has_failed(cell_id):
                        self._journal.add(ReopenEntry(cell=cell_id))

    def _why_stop(self, progress: CellProgress) -> Stop | None:
        spare_s = self._pace.spare_s(self._remaining())
        return why_stop(progress, self._plan.policy, spare_s=spare_s, elapsed_s=self._pace.elapsed_s)

    def _open(self) -> list[Cell]:
        """Return the cells that have begun and are not finished."""
        return [
            cell
            for cell in self._plan.cells
            if not self._journal.is_finished(cell.id) and self._journal.repetitions(cell.id)
        ]

    def _cell_progress(self, cell_id: str) -> CellProgress:
        return self._progress.get(cell_id, NOT_STARTED)

    def _fail(self, cell: Cell, failure: Failure) -> None:
        self._journal.add(CellEntry(cell=cell.id, stopped="failed", failure=failure))
        self._report("failed", cell, 0, failure=failure)

    def _remaining(self) -> list[tuple[str, int]]:
        """Return how many repetitions each unfinished cell must still get."""
        policy = self._plan.policy
        return [
            (cell_id, self._cell_progress(cell_id).remaining(policy))
            for cell_id in self._cells
            if not self._journal.is_finished(cell_id)
        ]

    def _left_s(self) -> float:
        """Return the expected seconds until the run ends."""
        least = [(cell_id, max(1, remaining)) for cell_id, remaining in self._remaining()]
        own = {cell_id: self._cell_progress(cell_id).expected(self._plan.policy) for cell_id, _ in least}
        expected = [(cell_id, max(own.get(cell, 0) for cell in (cell_id, *self._partners[cell_id]))) for cell_id in own]
        least_s = self._pace.expect_s(least)
        return max(least_s, min(self._pace.expect_s(expected), least_s + self._pace.spare_s(least)))

    def _report(self, kind: str, cell: Cell | None, repetition: int, *, failure: Failure | None = None) -> None:
        self._report_progress(
            Progress(
                kind=kind,  # type: ignore[arg-type] # one of four literals above
                cell=cell,
                done=sum(map(self._journal.is_finished, self._cells)),
                total=len(self._cells),
                repetition=repetition,
                elapsed_s=self._pace.elapsed_s,
                left_s=self._left_s(),
                summary=self._cell_progress(cell.id).summary if cell is not None and kind == "cell" else None,
                failure=failure,
            )
        )
