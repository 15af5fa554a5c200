"""What it saves that the next repetition loads beside this one, and whether that moves numbers.

    python tests/benchmarks/loading.py WORKLOAD [SECONDS]

Two repetitions in a row are made alone, then two of which the second has loaded beside the first, in turn; who goes first
alternates (ABBA). All are fresh workers. Nothing is asserted: printed are the ratio of wall times, and of the latencies of
the first repetitions, beside which another waits, and of the second, which had waited.
"""

import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import monotonic

import numpy as np
from scipy.stats import bootstrap

from bench.launch.environment import worker_environment
from bench.launch.libraries import find_preloads
from bench.launch.workers import Job, Workers
from bench.records.measurement import InstanceResult
from bench.records.plan import Policy, Task
from bench.records.suite import CaseFilter
from bench.run.options import RunOptions
from bench.run.prepare import prepare_run

POLICY = Policy(
    repetitions_min=1,
    repetitions_max=1,
    warmup_max_s=1,
    measure_s=1,
    samples_min=5,
    sample_s=0.02,
    target_ci_ratio=0.1,
    timeout_s=120,
)


def main(workload: str, seconds: float) -> None:
    """Alternate for so long, then print both ratios."""
    wanted = CaseFilter(workload=(workload,), mode=("inference",), precision=("fp32",))
    cell = prepare_run(RunOptions(wanted=wanted)).plan.cells[0]
    walls: dict[bool, list[float]] = {False: [], True: []}
    firsts: dict[bool, list[float]] = {False: [], True: []}
    lasts: dict[bool, list[float]] = {False: [], True: []}
    task = Task(
        kind="measure", case=cell.case, binding=cell.instances[0], runtime=cell.runtime, policy=POLICY, prove=False
    )
    with tempfile.TemporaryDirectory() as scratch, Workers() as workers:
        environment = worker_environment(
            cell.environment,
            task.binding,
            preloads=find_preloads(task.runtime),
            parent=os.environ,
            scratch=Path(scratch),
        )
        job = Job((sys.executable, "-m", "bench.worker"), [task], [environment])
        end, pair = monotonic() + seconds, 0
        while monotonic() < end:
            for beside in (False, True) if pair % 2 else (True, False):
                began = monotonic()
                (first,) = workers.run(job, timeout_s=POLICY.timeout_s, then=job if beside else None)
                (second,) = workers.run(job, timeout_s=POLICY.timeout_s)
                walls[beside].append(monotonic() - began)
                firsts[beside].append(latency_s(first))
                lasts[beside].append(latency_s(second))
            pair += 1
    print(f"{workload}: {pair} pairs, alone {median(walls[False]):.1f} s for two repetitions; beside over alone:")
    for what, values in (("wall time", walls), ("latency of the first", firsts), ("of the second", lasts)):
        print(f"  {what} {describe(np.log(values[True]) - np.log(values[False]))}")


def latency_s(result: object) -> float:
    """The number that a repetition gives."""
    if not isinstance(result, InstanceResult):
        raise TypeError("a task to measure gives an instance's result")
    return median(sample.elapsed_ns / sample.iterations for sample in result.samples) / 1e9


def describe(ratios: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> str:
    """The median ratio of some logarithms, and its 95% interval by a bootstrap over pairs."""
    low, high = bootstrap((ratios,), np.median, rng=np.random.default_rng(1)).confidence_interval
    return f"{np.exp(np.median(ratios)):.3f} ({np.exp(low):.3f} to {np.exp(high):.3f})"


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 300.0)
