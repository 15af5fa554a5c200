"""Measure a plan's cells, one after the other, with the journal in step."""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from bench.bundle.timestamp import format_timestamp
from bench.errors import LaunchError, TooNoisyError
from bench.launch.environment import worker_environment
from bench.launch.libraries import find_preloads
from bench.launch.plan import CELLS_PER_PROBE, PROBE_S, estimate_seconds
from bench.launch.process import WorkerFailedError, run_workers
from bench.records.measurement import Failure, InstanceResult, PackageResult, Probe, ProbeResult, Repetition
from bench.records.plan import Cell, Plan, Policy, Task
from bench.records.progress import Progress
from bench.records.summary import CellSummary
from bench.run.journal import CellEntry, Journal, ProbeEntry, RepetitionEntry
from bench.stats.noise import invalid_reasons
from bench.stats.summary import summarize_cell

Result = InstanceResult | ProbeResult | PackageResult
Run = Callable[..., Sequence[Result]]
Tell = Callable[[Progress], None]


class Execution:
    """One pass over a plan: from the beginning, or from where the journal stops."""

    def __init__(
        self,
        journal: Journal,
        *,
        parent: Mapping[str, str],
        tell: Tell,
        run: Run = run_workers,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Get ready; nothing runs yet.

        Args:
            journal: Its session holds the plan.
            parent: The environment that workers inherit from.
            tell: Called between timed parts.
            run: Starts workers; a test passes a script.
            clock: Seconds that never step.
        """
        self._journal = journal
        self._plan: Plan = journal.session.decision.plan
        self._parent = parent
        self._tell = tell
        self._run = run
        self._clock = clock
        self._began = clock()
        self._scratch: Path = journal.folder / "scratch"
        self._packaged: set[str] = set()

    def measure_all(self) -> None:
        """Measure every cell that is not over yet.

        Raises:
            OutputError: the journal cannot be written.
            KeyboardInterrupt: the user stopped it; the journal is whole.
        """
        (self._scratch / "inductor").mkdir(parents=True, exist_ok=True)
        since_probe = CELLS_PER_PROBE
        for index, cell in enumerate(self._plan.cells):
            if self._journal.is_over(cell.id):
                continue
            if self._is_out_of_budget():
                break
            if since_probe >= CELLS_PER_PROBE:
                self._probe(index, before=cell)
                since_probe = 0
            self._measure(index, cell)
            since_probe += 1
        if since_probe:
            self._probe(len(self._plan.cells), before=None)

    def _measure(self, index: int, cell: Cell) -> None:
        """Repeat one cell until it is precise, or its repetitions or the budget are used up."""
        policy = self._plan.policy
        while True:
            repetitions = self._journal.repetitions(cell.id)
            fault = self._find_fault(cell, repetitions)
            if fault is not None:
                self._fail(index, cell, fault)
                return
            summary = _try_summarize(cell, policy, repetitions)
            stopped = self._why_stop(index, policy, repetitions, summary)
            if stopped is not None:
                self._journal.add(CellEntry(cell=cell.id, stopped=stopped))
                self._say("cell", index + 1, cell, len(repetitions), summary=summary)
                return
            self._say("repetition", index, cell, len(repetitions) + 1)
            try:
                repetition = self._repeat(cell, len(repetitions))
            except (WorkerFailedError, LaunchError) as error:
                failure = (
                    error.failure
                    if isinstance(error, WorkerFailedError)
                    else Failure(reason="binding", message=str(error))
                )
                self._fail(index, cell, failure)
                return
            self._journal.add(RepetitionEntry(cell=cell.id, repetition=repetition))

    def _repeat(self, cell: Cell, index: int) -> Repetition:
        started_at = format_timestamp(datetime.now(UTC))
        package = self._package(cell)
        tasks = [
            Task(
                kind="measure",
                case=cell.case,
                binding=binding,
                runtime=cell.runtime,
                policy=self._plan.policy,
                package=package,
                prove=index == 0 and instance == 0,
            )
            for instance, binding in enumerate(cell.instances)
        ]
        results = self._run_tasks(tasks, cell.environment)
        instances = tuple(result for result in results if isinstance(result, InstanceResult))
        return Repetition(index=index, started_at=started_at, invalid=invalid_reasons(instances), instances=instances)

    def _package(self, cell: Cell) -> str | None:
        """The file that a cell's workers load; made once a session, as one that was cut short cannot be told."""
        if cell.case.backend != "aot_inductor":
            return None
        path = str(self._scratch / f"{cell.id}.pt2")
        if cell.id not in self._packaged:
            task = Task(
                kind="package",
                case=cell.case,
                binding=cell.instances[0],
                runtime=cell.runtime,
                policy=self._plan.policy,
                package=path,
                prove=False,
            )
            self._run_tasks([task], cell.environment)
            self._packaged.add(cell.id)
        return path

    def _probe(self, index: int, *, before: Cell | None) -> None:
        """Probe every layout. A probe that fails leaves a cell without a ceiling, and nothing else."""
        for layout in self._plan.layouts:
            self._say("probe", index, None, 0)
            started_at = format_timestamp(datetime.now(UTC))
            tasks = [
                Task(
                    kind="probe",
                    case=None,
                    binding=binding,
                    runtime=layout.runtime,
                    policy=self._plan.policy,
                    prove=False,
                )
                for binding in layout.instances
            ]
            try:
                results = self._run_tasks(tasks, self._plan.cells[0].environment)
            except WorkerFailedError:
                continue
            probe = Probe(
                layout=layout.name,
                before=None if before is None else before.id,
                started_at=started_at,
                instances=tuple(result for result in results if isinstance(result, ProbeResult)),
            )
            self._journal.add(ProbeEntry(probe=probe))

    def _run_tasks(self, tasks: Sequence[Task], planned: Mapping[str, str]) -> Sequence[Result]:
        def environment(task: Task) -> dict[str, str]:
            preloads = find_preloads(task.runtime)
            return worker_environment(
                planned, task.binding, preloads=preloads, parent=self._parent, scratch=self._scratch
            )

        return self._run(
            (sys.executable, *self._plan.argv[1:]),
            tasks,
            [environment(task) for task in tasks],
            timeout_s=self._plan.policy.timeout_s,
        )

    def _find_fault(self, cell: Cell, repetitions: Sequence[Repetition]) -> Failure | None:
        """What forbids a cell to have a number although its workers ended well."""
        proofs = [one.proof for repetition in repetitions for one in repetition.instances if one.proof is not None]
        for proof in proofs:
            shown = proof.correctness
            if not shown.passed:
                return Failure(
                    reason="incorrect",
                    message=(
                        f"cosine similarity {shown.cosine_similarity:.6f} (at least {shown.cosine_limit:g}), "
                        f"relative error {shown.relative_error:.2e} (at most {shown.error_limit:g}) against eager fp32"
                    ),
                )
            other = self._find_other_weights(cell, proof.weights_digest)
            if other is not None:
                return Failure(reason="inputs", message=f"weights {proof.weights_digest} differ from those of {other}")
        return None

    def _find_other_weights(self, cell: Cell, digest: str) -> str | None:
        """A cell of the same workload, mode and shape whose generated weights were others."""
        for other in self._plan.cells:
            if _weights_of(other) != _weights_of(cell):
                continue
            for repetition in self._journal.repetitions(other.id):
                if any(one.proof is not None and one.proof.weights_digest != digest for one in repetition.instances):
                    return other.id
        return None

    def _why_stop(
        self, index: int, policy: Policy, repetitions: Sequence[Repetition], summary: CellSummary | None
    ) -> str | None:
        """Why no more repetitions are made; None to go on."""
        valid = 0 if summary is None else summary.repetitions
        if summary is not None and valid >= policy.repetitions_min:
            if summary.latency_s.half_width_ratio <= policy.target_ci_ratio:
                return "precise"
            if self._spare_s(index) <= 0:
                return "budget"
        return "repetitions" if len(repetitions) >= policy.repetitions_max else None

    def _fail(self, index: int, cell: Cell, failure: Failure) -> None:
        self._journal.add(CellEntry(cell=cell.id, stopped="failed", failure=failure))
        self._say("failed", index + 1, cell, 0, failure=failure)

    def _is_out_of_budget(self) -> bool:
        budget_s = self._plan.policy.budget_s
        return budget_s is not None and self._clock() - self._began >= budget_s

    def _spare_s(self, index: int) -> float:
        """Seconds that the least repetitions of the later cells will not need."""
        policy = self._plan.policy
        aims = [seconds for seconds in (policy.aim_s, policy.budget_s) if seconds is not None]
        if not aims:
            return float("inf")
        return min(aims) - (self._clock() - self._began) - self._left_s(index + 1)

    def _left_s(self, done: int) -> float:
        """Expected seconds for the cells from `done` on: at the pace so far, or as estimated before there is one."""
        left = len(self._plan.cells) - done
        if done == 0 or self._journal.resumed:
            return estimate_seconds(left, self._plan.policy)
        return (self._clock() - self._began) / done * left + PROBE_S

    def _say(
        self,
        kind: str,
        done: int,
        cell: Cell | None,
        repetition: int,
        *,
        summary: CellSummary | None = None,
        failure: Failure | None = None,
    ) -> None:
        self._tell(
            Progress(
                kind=kind,  # type: ignore[arg-type] # one of four literals above
                cell=cell,
                done=done,
                total=len(self._plan.cells),
                repetition=repetition,
                left_s=self._left_s(done),
                summary=summary,
                failure=failure,
            )
        )


def _weights_of(cell: Cell) -> tuple[object, ...]:
    """What decides a cell's generated weights; in training some builders hold norms at other constants."""
    return (cell.case.workload, cell.case.mode, cell.case.shape)


def _try_summarize(cell: Cell, policy: Policy, repetitions: Sequence[Repetition]) -> CellSummary | None:
    if not repetitions:
        return None
    try:
        return summarize_cell(cell, policy, repetitions)
    except TooNoisyError:
        return None
