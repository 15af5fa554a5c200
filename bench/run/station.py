"""The station: says what workers a plan asks for, each with its environment, its scratch folder and its crew."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Literal, NamedTuple, Protocol

import msgspec

from bench.bundle.source import PROJECT
from bench.errors import LaunchError
from bench.launch.environment import worker_environment
from bench.launch.libraries import find_preloads
from bench.launch.plan import resolve_argv
from bench.launch.process import WorkerFailedError
from bench.launch.workers import Job, Result
from bench.records.measurement import InstanceResult, ProbeResult
from bench.records.plan import Cell, Plan, Task, find_argv
from bench.records.profile import Binding, Layout
from bench.records.variant import expect_variables
from bench.workloads.registry import find_workload


class Workers(Protocol):
    """What starts them: `bench.launch.workers.Workers`, or a test's script."""

    def run(self, job: Job, *, timeout_s: float, then: Sequence[Job] = ()) -> Sequence[Result]: ...  # noqa: D102
    def dismiss(self) -> bool: ...  # noqa: D102


class Order(NamedTuple):
    """A repetition to be made.

    Attributes:
        cell: Of the plan.
        first: It is the cell's first. It finds compilers' caches empty, whatever one that was cut short left behind;
            and it proves.
        round: Of the plan's order. Repetitions of a cell are of different rounds.
    """

    cell: Cell
    first: bool
    round: int


class Station:
    """Where the workers of one session of a run work."""

    def __init__(self, plan: Plan, scratch: Path, *, parent: Mapping[str, str], workers: Workers) -> None:
        """Get ready; nothing runs yet.

        Args:
            plan: Of the run.
            scratch: A folder of the run alone, for temporary files and compilers' caches.
            parent: The environment that workers inherit from.
            workers: Runs them.
        """
        self._plan = plan
        self._scratch = scratch
        self._parent = parent
        self._workers = workers
        self._packaged: set[str] = set()

    def measure(self, order: Order, *, then: Sequence[Order] = ()) -> tuple[InstanceResult, ...]:
        """Measure one repetition of a cell; once more if memory ran out while workers that wait had some of it.

        Args:
            order: What to measure.
            then: What probably comes next, in order.

        Raises:
            WorkerFailedError: a worker did not come to its end.
            LaunchError: one could not be started.
        """
        try:
            return self._measure(order, then)
        except WorkerFailedError as error:
            if error.failure.reason != "out_of_memory" or not self._workers.dismiss():
                raise
        return self._measure(order, ())

    def _measure(self, order: Order, then: Sequence[Order]) -> tuple[InstanceResult, ...]:
        if order.first:
            self._empty(order.cell)
        foreseen = self._foresee(then)
        self._package(order, foreseen)
        results = self._run(self._order_job(order), foreseen)
        return tuple(result for result in results if isinstance(result, InstanceResult))

    def probe(self, layout: Layout, *, then: Sequence[Order] = ()) -> tuple[ProbeResult, ...]:
        """Probe compute and memory bandwidth of a layout.

        Args:
            layout: Of the plan.
            then: What probably comes next, in order.

        Raises:
            WorkerFailedError: a worker did not come to its end.
        """
        results = self._run(self._probe_job(layout), self._foresee(then))
        return tuple(result for result in results if isinstance(result, ProbeResult))

    def _foresee(self, then: Sequence[Order]) -> list[Job]:
        """The jobs of a probe, which may come at any time, and of what comes next."""
        jobs = [self._probe_job(layout) for layout in self._plan.layouts]
        for order in then:
            with suppress(LaunchError):  # is told in its own turn
                jobs.append(self._order_job(order))
        return jobs

    def _empty(self, cell: Cell) -> None:
        """Empty a cell's folder. The folder itself stays, as a container that waits may have mounted it."""
        with suppress(FileNotFoundError):
            for path in (self._scratch / cell.id).iterdir():
                rmtree(path) if path.is_dir() else path.unlink()
        self._packaged.discard(cell.id)

    def _path(self, cell: Cell) -> str | None:
        """The file that a cell's workers load."""
        return str(self._scratch / cell.id / "package.pt2") if cell.case.backend == "aot_inductor" else None

    def _package(self, order: Order, foreseen: Sequence[Job]) -> None:
        """Make the file that a cell's workers load: once a session, as one that was cut short cannot be told."""
        cell = order.cell
        if self._path(cell) is None or cell.id in self._packaged:
            return
        task = self._task(order, "package", cell.instances[0])
        self._run(self._job([task], cell, crew=self._crew(order)), [self._order_job(order), *foreseen])
        self._packaged.add(cell.id)

    def _run(self, job: Job, then: Sequence[Job]) -> Sequence[Result]:
        return self._workers.run(job, timeout_s=self._plan.policy.timeout_s, then=then)

    def _order_job(self, order: Order) -> Job:
        tasks = [
            msgspec.structs.replace(
                self._task(order, "measure", binding),
                variables=expect_variables(self._plan.variants, order.cell.environment),
                prove=order.first and instance == 0,
            )
            for instance, binding in enumerate(order.cell.instances)
        ]
        return self._job(tasks, order.cell, crew=self._crew(order))

    def _task(self, order: Order, kind: Literal["measure", "package"], binding: Binding) -> Task:
        return Task(
            kind=kind,
            case=order.cell.case,
            binding=binding,
            runtime=order.cell.runtime,
            policy=self._plan.policy,
            scratch=str(self._scratch / order.cell.id),
            package=self._path(order.cell),
            prove=False,
        )

    def _probe_job(self, layout: Layout) -> Job:
        tasks = [
            Task(
                kind="probe",
                case=None,
                binding=binding,
                runtime=layout.runtime,
                policy=self._plan.policy,
                scratch=str(self._scratch / "probe"),
                prove=False,
            )
            for binding in layout.instances
        ]
        return self._job(tasks, self._plan.cells[0], crew="probes")

    def _crew(self, order: Order) -> str:
        """Who does it. Cells of one library share a crew for a round, and no two repetitions of a cell share one.

        So every repetition of a cell comes from a process that was loaded anew, with a memory layout of its own. Sides of
        pairs share none, as the one could have to load while the other finds it done.
        """
        library = find_workload(order.cell.case.workload).library
        return f"{order.round} {order.cell.id if self._plan.variants else library}"

    def _job(self, tasks: Sequence[Task], cell: Cell, *, crew: str) -> Job:
        for task in tasks:
            Path(task.scratch).mkdir(parents=True, exist_ok=True)
        argv = find_argv(self._plan, cell)
        own = argv[0] == self._plan.argv[0]

        def environment(task: Task) -> dict[str, str]:
            preloads = find_preloads(task.runtime)
            whole = worker_environment(cell.environment, task.binding, preloads=preloads, parent=self._parent)
            return whole if own else whole | {"PYTHONPATH": str(PROJECT)}  # its workers are this bench's, not its own

        return Job(resolve_argv(argv), tasks, [environment(task) for task in tasks], crew)
