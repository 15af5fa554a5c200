"""The station: says what workers a plan asks for, each with its environment and its scratch folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import rmtree
from typing import NamedTuple, Protocol

from bench.bundle.source import PROJECT
from bench.errors import LaunchError
from bench.launch.environment import worker_environment
from bench.launch.libraries import find_preloads
from bench.launch.plan import resolve_argv
from bench.launch.process import WorkerFailedError
from bench.launch.workers import Job, Result
from bench.records.measurement import InstanceResult, ProbeResult
from bench.records.plan import Cell, Plan, Task, find_argv
from bench.records.profile import Layout
from bench.records.variant import expect_variables


class Workers(Protocol):
    """What starts them: `bench.launch.workers.Workers`, or a test's script."""

    def run(self, job: Job, *, timeout_s: float, then: Job | None = None) -> Sequence[Result]: ...  # noqa: D102
    def dismiss(self) -> bool: ...  # noqa: D102


class Order(NamedTuple):
    """A repetition to be made.

    Attributes:
        cell: Of the plan.
        first: It is the cell's first. It finds compilers' caches empty, whatever other cells, or one of its own that
            was cut short, left behind; and it proves.
    """

    cell: Cell
    first: bool


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
        self._emptied: set[str] = set()
        self._packaged: set[str] = set()

    def measure(self, order: Order, *, then: Order | None = None) -> tuple[InstanceResult, ...]:
        """Measure one repetition of a cell; once more if memory ran out while the next one's workers had some of it.

        Args:
            order: What to measure.
            then: What probably comes next, if anything.

        Raises:
            WorkerFailedError: a worker did not come to its end.
            LaunchError: one could not be started.
        """
        try:
            return self._measure(order, then)
        except WorkerFailedError as error:
            if error.failure.reason != "out_of_memory" or not self._workers.dismiss():
                raise
        self._emptied.discard(order.cell.id)
        return self._measure(order, None)

    def _measure(self, order: Order, then: Order | None) -> tuple[InstanceResult, ...]:
        self._empty(order)
        self._package(order.cell)
        results = self._run(self._order_job(order), self._foresee(then))
        return tuple(result for result in results if isinstance(result, InstanceResult))

    def probe(self, layout: Layout, *, then: Order | None = None) -> tuple[ProbeResult, ...]:
        """Probe compute and memory bandwidth of a layout.

        Args:
            layout: Of the plan.
            then: What probably comes next, if anything.

        Raises:
            WorkerFailedError: a worker did not come to its end.
        """
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
        job = self._job(tasks, self._plan.cells[0], self._scratch / "probe")
        results = self._run(job, self._foresee(then))
        return tuple(result for result in results if isinstance(result, ProbeResult))

    def _foresee(self, then: Order | None) -> Job | None:
        """The job of what comes next, unless that waits for a package."""
        if then is None or self._wants_package(then.cell):
            return None
        self._empty(then)
        try:
            return self._order_job(then)
        except LaunchError:  # is told in its own turn
            return None

    def _empty(self, order: Order) -> None:
        """Empty a cell's folder before its first repetition, and not again while its workers wait there."""
        if order.first and order.cell.id not in self._emptied:
            rmtree(self._scratch / order.cell.id, ignore_errors=True)
            self._emptied.add(order.cell.id)

    def _wants_package(self, cell: Cell) -> bool:
        """Whether one is to be made: once a session, as one that was cut short cannot be told."""
        return self._path(cell) is not None and cell.id not in self._packaged

    def _path(self, cell: Cell) -> str | None:
        """The file that a cell's workers load."""
        return str(self._scratch / cell.id / "package.pt2") if cell.case.backend == "aot_inductor" else None

    def _package(self, cell: Cell) -> None:
        if not self._wants_package(cell):
            return
        task = Task(
            kind="package",
            case=cell.case,
            binding=cell.instances[0],
            runtime=cell.runtime,
            policy=self._plan.policy,
            package=self._path(cell),
            prove=False,
        )
        self._run(self._job([task], cell, self._scratch / cell.id))
        self._packaged.add(cell.id)

    def _run(self, job: Job, then: Job | None = None) -> Sequence[Result]:
        return self._workers.run(job, timeout_s=self._plan.policy.timeout_s, then=then)

    def _order_job(self, order: Order) -> Job:
        cell = order.cell
        tasks = [
            Task(
                kind="measure",
                case=cell.case,
                binding=binding,
                runtime=cell.runtime,
                policy=self._plan.policy,
                package=self._path(cell),
                variables=expect_variables(self._plan.variants, cell.environment),
                prove=order.first and instance == 0,
            )
            for instance, binding in enumerate(cell.instances)
        ]
        return self._job(tasks, cell, self._scratch / cell.id)

    def _job(self, tasks: Sequence[Task], cell: Cell, folder: Path) -> Job:
        (folder / "inductor").mkdir(parents=True, exist_ok=True)
        argv = find_argv(self._plan, cell)
        own = argv[0] == self._plan.argv[0]

        def environment(task: Task) -> dict[str, str]:
            preloads = find_preloads(task.runtime)
            whole = worker_environment(
                cell.environment, task.binding, preloads=preloads, parent=self._parent, scratch=folder
            )
            return whole if own else whole | {"PYTHONPATH": str(PROJECT)}  # its workers are this bench's, not its own

        return Job(resolve_argv(argv), tasks, [environment(task) for task in tasks])
