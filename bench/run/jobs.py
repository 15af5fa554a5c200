"""Build the jobs of a plan: tasks for workers, each with its environment, its scratch folder and its pool."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Literal, NamedTuple, Protocol

import msgspec

from bench.backends.registry import find_backend
from bench.errors import LaunchError
from bench.launch.environment import worker_environment
from bench.launch.failure import WorkerFailedError
from bench.launch.libraries import find_preloads
from bench.launch.plan import resolve_argv
from bench.launch.workers import Job, Result
from bench.records.cpulist import format_cpulist, parse_cpulist
from bench.records.machine import Machine
from bench.records.measurement import SHORTAGES, InstanceResult
from bench.records.plan import Cell, Plan, Task, find_argv
from bench.records.probe import ProbeResult
from bench.records.profile import Binding, Layout, Runtime
from bench.records.source import LocatedSource, find_source
from bench.records.variant import expect_variables
from bench.run.probes import ProbePlanner
from bench.workloads.registry import find_workload


class Workers(Protocol):
    """Runs jobs in workers: `bench.launch.workers.Workers`, or a test's script."""

    def run(self, job: Job, *, timeout_s: float, then: Sequence[Job] = ()) -> Sequence[Result]: ...  # noqa: D102
    def shutdown(self) -> bool: ...  # noqa: D102


class RepetitionRequest(NamedTuple):
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


class JobBuilder:
    """Builds the jobs of one session of a run, and has workers do them."""

    def __init__(
        self,
        plan: Plan,
        machine: Machine,
        scratch: Path,
        *,
        parent: Mapping[str, str],
        workers: Workers,
        sources: Sequence[LocatedSource] = (),
    ) -> None:
        """Get ready; nothing runs yet.

        Args:
            plan: Of the run.
            machine: That it runs on: its caches and instructions decide what a probe measures.
            scratch: A folder of the run alone, for temporary files and compilers' caches.
            parent: The environment that workers inherit from.
            workers: Runs them.
            sources: The plan's, as they lie here.
        """
        self._plan = plan
        self._sources = sources
        self._probes = ProbePlanner(machine, scratch / "probe", parent=parent)
        self._scratch = scratch
        self._parent = parent
        self._workers = workers
        self._packaged: set[str] = set()
        self._preloads: dict[Runtime, tuple[Path, ...]] = {}

    def measure(
        self, request: RepetitionRequest, *, then: Sequence[RepetitionRequest] = ()
    ) -> tuple[InstanceResult, ...]:
        """Measure one repetition of a cell; once more if memory or threads ran out while workers that wait had some.

        Args:
            request: What to measure.
            then: What probably comes next, in order.

        Raises:
            WorkerFailedError: a worker did not come to its end.
            LaunchError: one could not be started.
        """
        try:
            return self._measure(request, then)
        except WorkerFailedError as error:
            if error.failure.reason not in SHORTAGES or not self._workers.shutdown():
                raise
        return self._measure(request, ())

    def _measure(self, request: RepetitionRequest, then: Sequence[RepetitionRequest]) -> tuple[InstanceResult, ...]:
        if request.first:
            self._empty_folder(request.cell)
        upcoming = self._upcoming_jobs(then)
        self._package(request, upcoming)
        results = self._run(self._repetition_job(request), upcoming)
        return tuple(result for result in results if isinstance(result, InstanceResult))

    def probe(self, layout: Layout, *, peaks: bool, then: Sequence[RepetitionRequest] = ()) -> tuple[ProbeResult, ...]:
        """Probe compute and memory bandwidth of a layout.

        Args:
            layout: Of the plan.
            peaks: Measure all peaks, and not only the rates that show drift.
            then: What probably comes next, in order.

        Raises:
            WorkerFailedError: a worker did not come to its end.
        """
        results = self._run(self._probe_job(layout, peaks=peaks), self._upcoming_jobs(then))
        return tuple(result for result in results if isinstance(result, ProbeResult))

    def _upcoming_jobs(self, then: Sequence[RepetitionRequest]) -> list[Job]:
        """Return the jobs of probes, which may come at any time, and of the next repetitions."""
        jobs = [self._probe_job(layout, peaks=False) for layout in self._plan.layouts]
        for request in then:
            with suppress(LaunchError):  # its own run reports it
                jobs.append(self._repetition_job(request))
        return jobs

    def _empty_folder(self, cell: Cell) -> None:
        """Empty a cell's folder. The folder itself stays, as a container that waits may have mounted it."""
        with suppress(FileNotFoundError):
            for path in (self._scratch / cell.id).iterdir():
                rmtree(path) if path.is_dir() else path.unlink()
        self._packaged.discard(cell.id)

    def _path(self, cell: Cell) -> str | None:
        """Return the file that a cell's workers load; None where its backend has none."""
        packages_model = find_backend(cell.case.backend).packages_model
        return str(self._scratch / cell.id / "package.pt2") if packages_model else None

    def _package(self, request: RepetitionRequest, upcoming: Sequence[Job]) -> None:
        """Make the file that a cell's workers load. Once a session: a file that an earlier one left may be incomplete."""
        cell = request.cell
        if self._path(cell) is None or cell.id in self._packaged:
            return
        task = self._task(request, "package", cell.instances[0])
        self._run(self._job([task], cell, pool=self._pool(request)), [self._repetition_job(request), *upcoming])
        self._packaged.add(cell.id)

    def _run(self, job: Job, then: Sequence[Job]) -> Sequence[Result]:
        return self._workers.run(job, timeout_s=self._plan.policy.timeout_s, then=then)

    def _repetition_job(self, request: RepetitionRequest) -> Job:
        tasks = [
            msgspec.structs.replace(
                self._task(request, "measure", binding),
                variables=expect_variables(self._plan.variants, request.cell.environment),
                prove=request.first and instance == 0,
            )
            for instance, binding in enumerate(request.cell.instances)
        ]
        return self._job(tasks, request.cell, pool=self._pool(request))

    def _task(self, request: RepetitionRequest, kind: Literal["measure", "package"], binding: Binding) -> Task:
        return Task(
            kind=kind,
            case=request.cell.case,
            binding=binding,
            runtime=request.cell.runtime,
            policy=self._plan.policy,
            scratch=str(self._scratch / request.cell.id),
            package=self._path(request.cell),
            prove=False,
            scenario=request.cell.scenario,
            layout_cpus=format_cpulist(
                cpu for instance in request.cell.instances for cpu in parse_cpulist(instance.cpus)
            ),
            source=self._locate(request.cell),
        )

    def _locate(self, cell: Cell) -> LocatedSource | None:
        """Return the source that a cell's workload comes from, as it lies here; None for one of the catalogue."""
        wanted = find_source(cell.case, self._plan.sources)
        return next((located for located in self._sources if located.source == wanted), None)

    def _probe_job(self, layout: Layout, *, peaks: bool) -> Job:
        tasks = [
            Task(
                kind="probe",
                case=None,
                binding=binding,
                runtime=layout.runtime,
                policy=self._plan.policy,
                scratch=str(self._scratch / "probe"),
                probe=self._probes.plan(binding, len(layout.instances), peaks=peaks),
                prove=False,
            )
            for binding in layout.instances
        ]
        return self._job(tasks, self._plan.cells[0], pool="probes")

    def _pool(self, request: RepetitionRequest) -> str:
        """Return the name of the pool that does a repetition: cells of one library share a pool for a round.

        No two repetitions of a cell share a pool, so each comes from a newly loaded process with its own memory layout.
        Sides of a pair share none either: one side would have to load, and the other would find everything loaded.
        """
        library = find_workload(request.cell.case.workload, self._plan.sources).library
        return f"{request.round} {request.cell.id if self._plan.variants else library}"

    def _job(self, tasks: Sequence[Task], cell: Cell, *, pool: str) -> Job:
        for task in tasks:
            Path(task.scratch).mkdir(parents=True, exist_ok=True)

        def environment(task: Task) -> dict[str, str]:
            preloads = self._find_preloads(task.runtime)
            return worker_environment(cell.environment, task.binding, preloads=preloads, parent=self._parent)

        return Job(resolve_argv(find_argv(self._plan, cell)), tasks, [environment(task) for task in tasks], pool)

    def _find_preloads(self, runtime: Runtime) -> tuple[Path, ...]:
        """Find a runtime's libraries once, so that all workers of a session load the same files.

        Raises:
            EnvironmentUnfitError: one is not installed.
        """
        if runtime not in self._preloads:
            self._preloads[runtime] = find_preloads(runtime)
        return self._preloads[runtime]
