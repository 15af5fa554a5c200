"""The station: starts the workers that a plan asks for, each with its environment and its scratch folder."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shutil import rmtree

from bench.bundle.source import PROJECT
from bench.launch.environment import worker_environment
from bench.launch.libraries import find_preloads
from bench.launch.plan import resolve_argv
from bench.launch.process import run_workers
from bench.records.measurement import InstanceResult, PackageResult, ProbeResult
from bench.records.plan import Cell, Plan, Task, find_argv
from bench.records.profile import Layout
from bench.records.variant import expect_variables

Result = InstanceResult | ProbeResult | PackageResult
Run = Callable[..., Sequence[Result]]


class Station:
    """Where the workers of one session of a run work."""

    def __init__(self, plan: Plan, scratch: Path, *, parent: Mapping[str, str], run: Run = run_workers) -> None:
        """Get ready; nothing runs yet.

        Args:
            plan: Of the run.
            scratch: A folder of the run alone, for temporary files and compilers' caches.
            parent: The environment that workers inherit from.
            run: Starts workers; a test passes a script.
        """
        self._plan = plan
        self._scratch = scratch
        self._parent = parent
        self._run = run
        self._packaged: set[str] = set()

    def measure(self, cell: Cell, *, first: bool) -> tuple[InstanceResult, ...]:
        """Measure one repetition of a cell.

        Args:
            cell: Of the plan.
            first: It is the cell's first. It finds compilers' caches empty, whatever other cells, or one of its own
                that was cut short, left behind; and it proves.

        Raises:
            WorkerFailedError: a worker did not come to its end.
            LaunchError: one could not be started.
        """
        folder = self._scratch / cell.id
        if first:
            rmtree(folder, ignore_errors=True)
        package = self._package(cell)
        tasks = [
            Task(
                kind="measure",
                case=cell.case,
                binding=binding,
                runtime=cell.runtime,
                policy=self._plan.policy,
                package=package,
                variables=expect_variables(self._plan.variants, cell.environment),
                prove=first and instance == 0,
            )
            for instance, binding in enumerate(cell.instances)
        ]
        results = self._run_tasks(tasks, cell, folder)
        return tuple(result for result in results if isinstance(result, InstanceResult))

    def probe(self, layout: Layout) -> tuple[ProbeResult, ...]:
        """Probe compute and memory bandwidth of a layout.

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
        results = self._run_tasks(tasks, self._plan.cells[0], self._scratch / "probe")
        return tuple(result for result in results if isinstance(result, ProbeResult))

    def _package(self, cell: Cell) -> str | None:
        """The file that a cell's workers load; made once a session, as one that was cut short cannot be told."""
        if cell.case.backend != "aot_inductor":
            return None
        path = str(self._scratch / cell.id / "package.pt2")
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
            self._run_tasks([task], cell, self._scratch / cell.id)
            self._packaged.add(cell.id)
        return path

    def _run_tasks(self, tasks: Sequence[Task], cell: Cell, folder: Path) -> Sequence[Result]:
        (folder / "inductor").mkdir(parents=True, exist_ok=True)
        argv = find_argv(self._plan, cell)
        own = argv[0] == self._plan.argv[0]

        def environment(task: Task) -> dict[str, str]:
            preloads = find_preloads(task.runtime)
            whole = worker_environment(
                cell.environment, task.binding, preloads=preloads, parent=self._parent, scratch=folder
            )
            return whole if own else whole | {"PYTHONPATH": str(PROJECT)}  # its workers are this bench's, not its own

        return self._run(
            resolve_argv(argv),
            tasks,
            [environment(task) for task in tasks],
            timeout_s=self._plan.policy.timeout_s,
        )
