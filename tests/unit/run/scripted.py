"""A run without workers: scripted results, on a folder of the test's own."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from msgspec.structs import replace

from bench.bundle.schedule import check_schedule
from bench.hardware.detect import detect
from bench.launch.environment import plan_environment
from bench.launch.failure import WorkerFailedError
from bench.launch.isolation import module_argv
from bench.launch.workers import Job
from bench.records.bundle import Contents
from bench.records.case import MemoryFormat
from bench.records.image import Image
from bench.records.measurement import Failure, InstanceResult
from bench.records.plan import Plan, Policy, Task
from bench.records.probe import ProbeResult
from bench.records.profile import Match
from bench.records.progress import Progress
from bench.run.continuity import Software
from bench.run.execute import Execution
from bench.run.journal import Journal, Session, begin_journal, resume_journal
from bench.run.prepare import Decision
from bench.stats.summary import summarize
from tests.builders import (
    CASE,
    DIGEST,
    POLICY,
    PROFILE,
    make_cell,
    make_instance,
    make_machine,
    make_plan,
    make_probe,
    make_proof,
)
from tests.unit.bundle.builder import CONTENTS

Outcome = InstanceResult | Failure | BaseException


def answer_probe(task: Task, result: ProbeResult) -> ProbeResult:
    """A result whose arrays and peaks are those that the task asks for."""
    assert task.probe is not None
    asked = replace(result, array_bytes=task.probe.array_bytes, cache_bytes=task.probe.cache_bytes)
    return asked if task.probe.peaks else replace(asked, peaks=(), read_bytes_per_s=None)


def decide(count: int = 2, policy: Policy = POLICY) -> Decision:
    """Decide on up to two cells of this machine, planned as bench does; scripted workers are bound as the plan says."""
    machine = detect()
    formats: tuple[MemoryFormat, ...] = ("channels_last", "contiguous")
    cells = [
        replace(make_cell(index, case=replace(CASE, memory_format=formats[index])), environment=plan_environment({}))
        for index in range(count)
    ]
    fitting = replace(PROFILE, match=Match(architecture=machine.cpu.architecture))
    return Decision(machine=machine, profile=fitting, plan=make_plan(*cells, policy=policy))


class Workers:
    """Stands in for `bench.launch.workers.Workers`: takes the next outcome of a script, and good results when it is over."""

    def __init__(self, *script: Outcome) -> None:
        self.script = list(script)
        self.jobs: list[Job] = []
        self.upcoming: list[Sequence[Job]] = []
        self.waits = False
        self.now_ns = 1_000_000_000
        self.gflops: list[float] = []
        self.interpreters = [sys.executable]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, job: Job, *, timeout_s: float, then: Sequence[Job] = ()) -> Sequence[InstanceResult | ProbeResult]:
        assert timeout_s > 0
        assert job.argv in [module_argv(python, "bench.worker") for python in self.interpreters]
        self.jobs.append(job)
        self.upcoming.append(then)
        tasks = job.tasks
        if tasks[0].kind == "probe":
            probe = make_probe(gflops=self.gflops.pop(0)) if self.gflops else make_probe()
            return [answer_probe(task, probe.instances[0]) for task in tasks]
        outcome = self.script.pop(0) if self.script else None
        if isinstance(outcome, Failure):
            raise WorkerFailedError(outcome)
        if isinstance(outcome, BaseException):
            raise outcome
        self.now_ns += 10_000_000_000
        good = make_instance(start_ns=self.now_ns, proof=make_proof() if tasks[0].prove else None)
        return [outcome or good for _ in tasks]

    def shutdown(self) -> bool:
        waited, self.waits = self.waits, False
        return waited

    @property
    def tasks(self) -> list[Sequence[Task]]:
        """Of every job."""
        return [job.tasks for job in self.jobs]

    @property
    def measured(self) -> int:
        """Repetitions that were started."""
        return sum(tasks[0].kind == "measure" for tasks in self.tasks)


class Bench:
    """One folder with one run in it."""

    def __init__(self, output: Path, plan: Plan) -> None:
        self.output = output
        self.reported: list[Progress] = []
        self.session = Session(
            run_id="20260102T030405Z-0123abcd",
            started_at="2026-01-02T03:04:05Z",
            decision=Decision(machine=make_machine(), profile=PROFILE, plan=plan),
            source_digest=DIGEST,
            software=Software(interpreter="CPython 3.11.2", distributions=(), image=Image(inside=False, labels={})),
        )
        self.folder = output / f"{self.session.run_id}.run"

    def measure(self, workers: Workers, *, clock: Callable[[], float] = lambda: 0.0) -> Journal:
        with begin_journal(self.output, self.session) as journal:
            return self._execute(journal, workers, clock)

    def resume(self, workers: Workers) -> Journal:
        with resume_journal(self.folder) as journal:
            return self._execute(journal, workers, lambda: 0.0)

    def _execute(self, journal: Journal, workers: Workers, clock: Callable[[], float]) -> Journal:
        Execution(
            journal, parent={"PATH": "/bin"}, report_progress=self.reported.append, workers=workers, clock=clock
        ).measure_all()
        check_schedule(describe_run(journal))
        return journal


def describe_run(journal: Journal) -> Contents:
    """What would be sealed of a run: whatever it went through, verification must find its rounds and stops in order."""
    plan, measurements, probes = journal.session.decision.plan, journal.measurements(), journal.probes()
    return replace(
        CONTENTS,
        info=replace(CONTENTS.info, resumed=journal.resumed),
        plan=plan,
        measurements=measurements,
        probes=probes,
        summary=summarize(plan, measurements, probes),
    )
