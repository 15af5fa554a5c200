"""Workers of a repetition: load together, begin together, start timing together; and the next one's load meanwhile.

Loading torch and a model's library takes one thread a second or more, and is most of a short repetition. So while the
workers of a job load, those of the job after it load beside them, and then sleep on a pipe until their turn. They are
processes of their own from their first instruction, as without that, and nothing of them runs while another is timed.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from time import monotonic
from typing import NamedTuple, Self

from bench.errors import LaunchError
from bench.launch.process import Worker, WorkerFailedError, hear_all
from bench.launch.protocol import GO, Loaded, Ready
from bench.records.cpulist import parse_cpulist
from bench.records.measurement import InstanceResult, PackageResult, ProbeResult
from bench.records.plan import Task

Result = InstanceResult | ProbeResult | PackageResult


class Job(NamedTuple):
    """What workers are started for, one a task.

    Attributes:
        argv: The worker's command.
        tasks: All of one repetition, so all of one kind.
        environments: The whole environment of each.
    """

    argv: Sequence[str]
    tasks: Sequence[Task]
    environments: Sequence[Mapping[str, str]]


class Workers:
    """Runs jobs one after another, each in processes of its own."""

    def __init__(self) -> None:
        self._next: tuple[Job, _Crew] | None = None

    def __enter__(self) -> Self:
        """Nobody is started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nobody is left behind."""
        self.dismiss()

    def run(self, job: Job, *, timeout_s: float, then: Job | None = None) -> Sequence[Result]:
        """Run a job, and return what its workers measured, in the order of the tasks.

        Args:
            job: What to do.
            timeout_s: For loading, and again from there to the end of the last worker.
            then: What probably comes next: its workers load now, if two can load on their CPUs without slowing one
                another down, and wait for their turn until others are to wait.

        Raises:
            WorkerFailedError: a worker crashed, was killed, ran out of time or memory, or said why it cannot go on.
                All of this job are gone by then, with every process that they started.
            LaunchError: the command cannot be started at all.
        """
        with self._take(job) or _Crew(job) as crew:
            if then is not None and not crew.loaded and not self._awaits(then) and _has_room(then):
                self._load(then, crew, timeout_s)
            return crew.run(timeout_s)

    def dismiss(self) -> bool:
        """End who waits, and say whether anybody did."""
        if self._next is None:
            return False
        self._next[1].end()
        self._next = None
        return True

    def _awaits(self, job: Job) -> bool:
        return self._next is not None and self._next[0] == job

    def _take(self, job: Job) -> "_Crew | None":
        """The workers that wait for this job, if nothing ended them meanwhile."""
        if self._next is None or not self._awaits(job):
            return None
        if not self._next[1].lives:
            self.dismiss()
            return None
        (_, crew), self._next = self._next, None
        return crew

    def _load(self, job: Job, beside: "_Crew", timeout_s: float) -> None:
        """Load a job's workers beside others. Only loaded ones wait; those that fail are dropped, to fail in their turn."""
        self.dismiss()
        with suppress(LaunchError), ExitStack() as stack:
            crew = stack.enter_context(_Crew(job))
            beside.load(timeout_s)
            with suppress(WorkerFailedError):
                crew.load(timeout_s)
                stack.pop_all()
                self._next = job, crew


class _Crew:
    """The workers of one job, from their start to the end of all that they started."""

    def __init__(self, job: Job) -> None:
        self.loaded = False
        self._workers: list[Worker] = []
        try:
            for task, environment in zip(job.tasks, job.environments, strict=True):
                self._workers.append(Worker(job.argv, task, environment))
        except BaseException:
            self.end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def load(self, timeout_s: float) -> None:
        """Wait until libraries are loaded by all."""
        hear_all(self._workers, monotonic() + timeout_s, timeout_s, until=lambda worker: worker.last is not None)
        for worker in self._workers:
            worker.require(Loaded)
        self.loaded = True

    def run(self, timeout_s: float) -> Sequence[Result]:
        """Let them do their tasks, to their end."""
        if not self.loaded:
            self.load(timeout_s)
        deadline = monotonic() + timeout_s
        self._tell_all(GO)
        hear_all(self._workers, deadline, timeout_s, until=lambda worker: not isinstance(worker.last, Loaded))
        for worker in self._workers:
            worker.require(Ready)
        self._tell_all(GO)
        hear_all(self._workers, deadline, timeout_s, until=lambda worker: not isinstance(worker.last, Ready))
        results = [worker.result() for worker in self._workers]
        hear_all(self._workers, deadline, timeout_s, until=lambda worker: worker.at_end)
        return results

    @property
    def lives(self) -> bool:
        """Whether none of them has ended."""
        return all(worker.lives for worker in self._workers)

    def end(self) -> None:
        """Kill what is left."""
        for worker in self._workers:
            worker.end()

    def _tell_all(self, line: bytes) -> None:
        for worker in self._workers:
            worker.say(line)


def _has_room(job: Job) -> bool:
    """Whether two can load on the CPUs of each worker without slowing one another down."""
    return all(len(parse_cpulist(task.binding.cpus)) > 1 for task in job.tasks)
