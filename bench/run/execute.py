"""Measure a plan's cells, repetition by repetition in the plan's order, with the journal in step.

A repetition lies between two probes, and is valid only if they agree. So a cell is over only when a probe was
taken after its last repetition: until then it stands aside, and wants more if that probe voids one.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic

from bench.bundle.timestamp import format_timestamp
from bench.errors import LaunchError
from bench.launch.plan import PROBE_EVERY_S, REPETITIONS_PER_PROBE
from bench.launch.process import WorkerFailedError
from bench.records.measurement import Failure, Probe, Repetition
from bench.records.plan import Cell, Plan
from bench.records.progress import Progress
from bench.run.faults import find_fault
from bench.run.journal import CellEntry, Journal, ProbeEntry, RepetitionEntry
from bench.run.pace import Pace
from bench.run.standing import NOT_BEGUN, Standing, Stop, judge_standing, why_stop
from bench.run.station import Order, Station, Workers
from bench.stats.noise import invalid_reasons
from bench.stats.order import Turn, find_partners, next_turn

Tell = Callable[[Progress], None]

FORESEEN = 16
"""Turns that are looked ahead for who loads beside whom, and who is still needed."""


class Execution:
    """One pass over a plan: from the beginning, or from where the journal stops."""

    def __init__(
        self,
        journal: Journal,
        *,
        parent: Mapping[str, str],
        tell: Tell,
        workers: Workers,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Get ready; nothing runs yet.

        Args:
            journal: Its session holds the plan.
            parent: The environment that workers inherit from.
            tell: Called between timed parts.
            workers: Runs them.
            clock: Seconds that never step.
        """
        self._journal = journal
        self._plan: Plan = journal.session.decision.plan
        self._cells = {cell.id: cell for cell in self._plan.cells}
        self._partners = find_partners(self._plan.cells)
        self._tell = tell
        self._clock = clock
        self._pace = Pace(self._plan.policy, clock)
        self._station = Station(self._plan, journal.folder / "scratch", parent=parent, workers=workers)
        self._standings: dict[str, Standing] = {}
        self._since_probe: int | None = None
        self._probed_at = clock()

    def measure_all(self) -> None:
        """Measure every cell that is not over yet.

        Raises:
            OutputError: the journal cannot be written.
            KeyboardInterrupt: the user stopped it; the journal is whole.
        """
        for cell in self._plan.cells:
            self._judge(cell)
        while True:
            turns = self._next_turns()
            if not turns and (self._since_probe == 0 or not self._open()):
                break
            if not turns or self._is_probe_due(turns[0]):
                self._probe(turns)
                self._settle()
            else:
                self._measure(turns[0], turns[1:])

    def _next_turns(self) -> list[Turn]:
        """What comes next, and the rest of the round after that, if nothing that is measured meanwhile changes it."""
        stops, may_begin = self._find_stops(), self._may_begin()

        def wants_more(cell: Cell) -> bool:
            if self._journal.is_over(cell.id):
                return False
            if any(map(self._journal.repetitions, (cell.id, *self._partners[cell.id]))):
                return stops.get(cell.id) is None
            return may_begin

        wanting = {cell.id for cell in self._plan.cells if wants_more(cell)}
        made = {one: len(self._journal.repetitions(one)) for one in wanting}
        turns: list[Turn] = []
        last = self._journal.last_turn
        while len(turns) < FORESEEN:
            turn = next_turn(self._plan.cells, wanting, last, self._plan.order_seed)
            if turn is None or (turns[1:] and turn.round > turns[1].round):
                break
            turns.append(turn)
            last = turn.round, turn.cell.id
            made[turn.cell.id] += 1
            if made[turn.cell.id] >= self._plan.policy.repetitions_max:
                wanting.discard(turn.cell.id)
        return turns

    def _may_begin(self) -> bool:
        """Whether the budget allows a cell to begin; the first always does."""
        budget_s = self._plan.policy.budget_s
        begun = [cell.id for cell in self._open()]
        if budget_s is None or not (begun or self._journal.measurements()):
            return True
        owed_s = self._pace.expect_s((one, self._standing(one).owed(self._plan.policy)) for one in begun)
        return self._pace.elapsed_s + owed_s < budget_s

    def _find_stops(self) -> dict[str, Stop | None]:
        """Why each cell that has begun gets no more repetitions; a pair goes on until both of it would stop."""
        policy, elapsed_s = self._plan.policy, self._pace.elapsed_s
        spare_s = self._pace.spare_s(self._owed())
        own = {
            cell.id: why_stop(self._standing(cell.id), policy, spare_s=spare_s, elapsed_s=elapsed_s)
            for cell in self._open()
        }

        def holds(cell_id: str, partner: str) -> bool:
            ahead = self._standing(partner).made > self._standing(cell_id).made
            return not self._journal.is_over(partner) and (ahead or own.get(partner) is None)

        return {
            one: None if any(holds(one, partner) for partner in self._partners[one]) else stop
            for one, stop in own.items()
        }

    def _measure(self, turn: Turn, then: Sequence[Turn]) -> None:
        """Make one repetition of a cell, and look whether it may go on."""
        cell = turn.cell
        index = len(self._journal.repetitions(cell.id))
        self._say("repetition", cell, index + 1)
        self._since_probe = (self._since_probe or 0) + 1
        started_at, start = format_timestamp(datetime.now(UTC)), self._clock()
        try:
            order, *foreseen = self._orders([turn, *then])
            instances = self._station.measure(order, then=foreseen)
        except WorkerFailedError as error:
            self._fail(cell, error.failure)
            return
        except LaunchError as error:
            self._fail(cell, Failure(reason="binding", message=str(error)))
            return
        self._pace.add(cell.id, self._clock() - start)
        repetition = Repetition(
            index=index,
            round=turn.round,
            sequence=self._journal.sequence,
            started_at=started_at,
            invalid=invalid_reasons(instances),
            instances=instances,
        )
        self._journal.add(RepetitionEntry(cell=cell.id, repetition=repetition))
        self._judge(cell)

    def _orders(self, turns: Sequence[Turn]) -> list[Order]:
        """What the station is told of turns that come one after another."""
        begun = {cell.id for cell in self._plan.cells if self._journal.repetitions(cell.id)}
        orders = []
        for turn in turns:
            orders.append(Order(turn.cell, first=turn.cell.id not in begun, round=turn.round))
            begun.add(turn.cell.id)
        return orders

    def _judge(self, cell: Cell) -> None:
        """See how a cell stands after what was measured of it, and fail it if it may have no number."""
        repetitions = self._journal.repetitions(cell.id)
        if not repetitions or self._journal.is_over(cell.id):
            return
        fault = find_fault(cell, self._plan.cells, self._journal.repetitions)
        if fault is not None:
            self._fail(cell, fault)
            return
        self._standings[cell.id] = judge_standing(cell, self._plan.policy, repetitions, self._journal.probes())

    def _settle(self) -> None:
        """After a probe: end the cells that have enough."""
        for cell in self._open():
            self._judge(cell)
        for cell_id, stopped in self._find_stops().items():
            if stopped is not None:
                self._journal.add(CellEntry(cell=cell_id, stopped=stopped))
                self._say("cell", self._cells[cell_id], self._standing(cell_id).made)

    def _is_probe_due(self, turn: Turn) -> bool:
        """Whether a probe comes before a turn: first in a session, then now and again, but never within a pair."""
        if self._since_probe is None:
            return True
        if self._journal.last_turn in {(turn.round, one) for one in self._partners[turn.cell.id]}:
            return False
        late = self._clock() - self._probed_at >= PROBE_EVERY_S
        return self._since_probe >= REPETITIONS_PER_PROBE or (late and self._since_probe > 0)

    def _probe(self, then: Sequence[Turn]) -> None:
        """Probe every layout. A probe that fails leaves a cell without a ceiling, and nothing else."""
        for layout in self._plan.layouts:
            self._say("probe", None, 0)
            started_at = format_timestamp(datetime.now(UTC))
            try:
                instances = self._station.probe(layout, then=self._orders(then))
            except WorkerFailedError:
                continue
            probe = Probe(
                layout=layout.name, sequence=self._journal.sequence, started_at=started_at, instances=instances
            )
            self._journal.add(ProbeEntry(probe=probe))
        self._since_probe = 0
        self._probed_at = self._clock()

    def _open(self) -> list[Cell]:
        """The cells that have begun and are not over."""
        return [
            cell
            for cell in self._plan.cells
            if not self._journal.is_over(cell.id) and self._journal.repetitions(cell.id)
        ]

    def _standing(self, cell_id: str) -> Standing:
        return self._standings.get(cell_id, NOT_BEGUN)

    def _fail(self, cell: Cell, failure: Failure) -> None:
        self._journal.add(CellEntry(cell=cell.id, stopped="failed", failure=failure))
        self._say("failed", cell, 0, failure=failure)

    def _owed(self) -> list[tuple[str, int]]:
        """What the cells that are not over are still to get."""
        policy = self._plan.policy
        return [(one, self._standing(one).owed(policy)) for one in self._cells if not self._journal.is_over(one)]

    def _left_s(self) -> float:
        """Expected seconds until the run is over: every cell that is not gets one more repetition at least."""
        return self._pace.expect_s((one, max(1, owed)) for one, owed in self._owed())

    def _say(self, kind: str, cell: Cell | None, repetition: int, *, failure: Failure | None = None) -> None:
        self._tell(
            Progress(
                kind=kind,  # type: ignore[arg-type] # one of four literals above
                cell=cell,
                done=sum(map(self._journal.is_over, self._cells)),
                total=len(self._cells),
                repetition=repetition,
                left_s=self._left_s(),
                summary=self._standing(cell.id).summary if cell is not None and kind == "cell" else None,
                failure=failure,
            )
        )
