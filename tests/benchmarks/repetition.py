"""Single repetitions in fresh workers, as a run makes them, for benchmarks of how it makes them."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from bench.launch.environment import worker_environment
from bench.launch.libraries import find_preloads
from bench.launch.plan import WORKER_ARGV, resolve_argv
from bench.launch.workers import Job
from bench.records.case import Case
from bench.records.measurement import InstanceResult
from bench.records.plan import Policy, Task
from bench.records.profile import Binding, Runtime
from bench.records.suite import CaseFilter
from bench.run.options import RunOptions
from bench.run.prepare import prepare_run
from bench.stats.closed_loop import instance_latency_s

SHORT = Policy(
    repetitions_min=1,
    repetitions_max=1,
    warmup_max_s=1,
    measure_s=1,
    samples_min=5,
    sample_s=0.02,
    target_ci_ratio=0.1,
    confidence=0.95,
    timeout_s=120,
)


@contextmanager
def one_job(
    case: Case, binding: Binding, runtime: Runtime, policy: Policy, variables: Mapping[str, str]
) -> Iterator[Job]:
    """The job of a case in one worker, with the plan's variables and a scratch folder that lasts as long as this."""
    with tempfile.TemporaryDirectory() as scratch:
        task = Task(
            kind="measure", case=case, binding=binding, runtime=runtime, policy=policy, scratch=scratch, prove=False
        )
        environment = worker_environment(variables, binding, preloads=find_preloads(runtime), parent=os.environ)
        yield Job(resolve_argv(WORKER_ARGV), [task], [environment], "benchmark")


@contextmanager
def short_job(workload: str) -> Iterator[Job]:
    """The job of a workload's inference in fp32, as planned for this machine."""
    wanted = CaseFilter(workload=(workload,), mode=("inference",), precision=("fp32",))
    cell = prepare_run(RunOptions(wanted=wanted)).plan.cells[0]
    with one_job(cell.case, cell.instances[0], cell.runtime, SHORT, cell.environment) as job:
        yield job


def only_result(results: Sequence[object]) -> InstanceResult:
    """Return the result of the only worker of a task to measure."""
    (result,) = results
    if not isinstance(result, InstanceResult):
        raise TypeError("a task to measure gives an instance's result")
    return result


def only_latency_s(results: Sequence[object]) -> float:
    """Return the number that such a repetition gives."""
    return instance_latency_s(only_result(results))
