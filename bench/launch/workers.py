"""Run repetitions in preloaded workers: all instances of a repetition begin, and start timing, together.

Loading torch and a model's library takes one thread a second or more, which is most of a short repetition. So a pool
of processes, one per instance, loads once, and does every job with the same libraries in forked children. Where the
next jobs need other libraries, their pools load at the same time, and then sleep on a pipe. A waiting pool runs nothing
while another is timed.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from time import monotonic
from typing import NamedTuple, Self

from bench.errors import LaunchError
from bench.launch.failure import WorkerFailedError
from bench.launch.process import ReadEvents, Worker, receive_all
from bench.launch.process_tree import adopt_orphans, end_children, list_children
from bench.launch.protocol import GO, Loaded, Ready
from bench.records.cpulist import parse_cpulist
from bench.records.kernel_events import KernelEvents
from bench.records.measurement import InstanceResult, PackageResult
from bench.records.plan import Task
from bench.records.probe import ProbeResult
from bench.records.record import encode_json_line

Result = InstanceResult | ProbeResult | PackageResult

MAX_PRELOADED = 5
"""Pools at a time: one for each library, one for torch alone, and one for probes. Each process holds 250 MB."""


class Job(NamedTuple):
    """Tasks for the workers of a repetition, one task per worker.

    Attributes:
        argv: The worker's command.
        tasks: All of one repetition, so all of one kind.
        environments: The whole environment of each.
        pool: Jobs with equal command, environments, bindings and pool are done by the same workers.
    """

    argv: Sequence[str]
    tasks: Sequence[Task]
    environments: Sequence[Mapping[str, str]]
    pool: str


class Workers:
    """Runs jobs one after another, each in processes of its own."""

    def __init__(self, *, read_events: ReadEvents = KernelEvents) -> None:
        """Start nothing yet.

        Args:
            read_events: Reads what the kernel counts, to explain how a worker ended; by default nothing.
        """
        self._read_events = read_events
        self._waiting: list[_PreloadedWorkers] = []
        adopt_orphans()
        self._children_before = list_children()

    def __enter__(self) -> Self:
        """Return itself; nothing is started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers."""
        self.shutdown()

    def run(self, job: Job, *, timeout_s: float, then: Sequence[Job] = ()) -> Sequence[Result]:
        """Run a job, and return what its workers measured, in the order of the tasks.

        Args:
            job: What to do.
            timeout_s: For loading, and again from there to the end of the last worker.
            then: What probably comes next, in order. Pools that can do none of it end now. If this job's pool has to
                load, the next ones load beside it where a worker has more than one CPU: loading takes one.

        Raises:
            WorkerFailedError: a worker crashed, was killed, ran out of time or memory, or reported a failure. All
                workers of this job have ended by then, with every process that they started.
            LaunchError: the command cannot be started at all.
        """
        waiting = self._take(job)
        needed = dict.fromkeys(workers for later in then for workers in self._waiting if workers.can_do(later))
        self._end_waiting(but=list(needed)[: MAX_PRELOADED - 1])
        with ExitStack() as stack:
            pool = stack.enter_context(waiting or _PreloadedWorkers(job, self._read_events))
            if not pool.loaded:
                self._load(pool, [later for later in then if not pool.can_do(later)], timeout_s)
            self._end_orphans(pool)
            results = pool.run(job, timeout_s)
            if any(map(pool.can_do, then)):
                stack.pop_all()
                self._waiting.append(pool)
            return results

    def shutdown(self) -> bool:
        """End the waiting pools, and return whether there were any."""
        waited = bool(self._waiting)
        self._end_waiting()
        self._end_orphans()
        return waited

    def _take(self, job: Job) -> "_PreloadedWorkers | None":
        """Remove and return the waiting pool that can do this job; None if there is none."""
        found = next((workers for workers in self._waiting if workers.can_do(job)), None)
        if found is not None:
            self._waiting.remove(found)
        return found

    def _end_waiting(self, *, but: Sequence["_PreloadedWorkers"] = ()) -> None:
        for pool in self._waiting:
            if pool not in but:
                pool.end()
        self._waiting = list(but)

    def _end_orphans(self, *running: "_PreloadedWorkers") -> None:
        """End what killed workers left behind in sessions of its own: a task is timed with nothing of another beside it.

        Args:
            running: Pools that do not wait.
        """
        pids = {pid for pool in (*self._waiting, *running) for pid in pool.pids}
        end_children(but=self._children_before | pids)

    def _load(self, pool: "_PreloadedWorkers", then: Sequence[Job], timeout_s: float) -> None:
        """Load a pool, and others beside it. One that fails to load is ended: its own job will report the failure."""
        for job in then:
            found = any(workers.can_do(job) for workers in self._waiting)
            if not found and len(self._waiting) + 1 < MAX_PRELOADED and _has_room(job):
                with suppress(LaunchError):
                    self._waiting.append(_PreloadedWorkers(job, self._read_events))
        try:
            pool.load(timeout_s)
            for workers in self._waiting:
                with suppress(WorkerFailedError):
                    workers.load(timeout_s)
        finally:
            self._end_waiting(but=[workers for workers in self._waiting if workers.loaded])


class _PreloadedWorkers:
    """A pool: processes with the libraries that some jobs need, and everything that they start."""

    def __init__(self, job: Job, read_events: ReadEvents) -> None:
        self.loaded = False
        self._read_events = read_events
        self._pool_key = _pool_key(job)
        self._workers: list[Worker] = []
        try:
            for task, environment in zip(job.tasks, job.environments, strict=True):
                self._workers.append(Worker(job.argv, task, environment, read_events=read_events))
        except BaseException:
            self.end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def can_do(self, job: Job) -> bool:
        """Return whether these workers can do a job: it has their pool's properties, and all of them are running."""
        return self.is_alive and _pool_key(job) == self._pool_key

    def load(self, timeout_s: float) -> None:
        """Wait until all have loaded their libraries."""
        if self.loaded:
            return
        receive_all(self._workers, monotonic() + timeout_s, timeout_s, until=lambda worker: worker.last is not None)
        for worker in self._workers:
            worker.require(Loaded)
        self.loaded = True

    def run(self, job: Job, timeout_s: float) -> Sequence[Result]:
        """Do a job's tasks, and return the results."""
        deadline = monotonic() + timeout_s
        events = self._read_events()  # once for all: of many instances the last should not begin much later
        for worker, task in zip(self._workers, job.tasks, strict=True):
            worker.begin(encode_json_line(task), events)
        receive_all(self._workers, deadline, timeout_s, until=lambda worker: worker.last is not None)
        for worker in self._workers:
            worker.require(Ready)
        for worker in self._workers:
            worker.send(GO)
        receive_all(self._workers, deadline, timeout_s, until=lambda worker: not isinstance(worker.last, Ready))
        results = [worker.result() for worker in self._workers]
        receive_all(self._workers, deadline, timeout_s, until=lambda worker: isinstance(worker.last, Loaded))
        return results

    @property
    def pids(self) -> list[int]:
        """Their process ids."""
        return [worker.pid for worker in self._workers]

    @property
    def is_alive(self) -> bool:
        """Whether all of them are running."""
        return all(worker.is_alive for worker in self._workers)

    def end(self) -> None:
        """Kill them."""
        for worker in self._workers:
            worker.end()


def _pool_key(job: Job) -> tuple[object, ...]:
    """Return the properties that all jobs of one pool share."""
    return (*job.argv, job.pool, [task.binding for task in job.tasks], job.environments)


def _has_room(job: Job) -> bool:
    """Return whether each worker has a second CPU, to load on beside another."""
    return all(len(parse_cpulist(task.binding.cpus)) > 1 for task in job.tasks)
