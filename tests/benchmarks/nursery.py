"""Whether repetitions forked from a process that has imported everything scatter like fresh processes.

    python -m tests.benchmarks.nursery WORKLOAD [SECONDS] [FILE]

A pair is one repetition in a fresh worker and one in a child forked from a nursery: a process with the cell's
environment that has imported torch and the family's builder, runs no parallel region and has one thread. Who
goes first alternates (ABBA). The children share the nursery's address-space layout, hash seeds and libraries'
state, so what could differ is the scatter between repetitions that an interval is made of. Each pair's numbers
are appended to FILE; over all that it holds, the ratio of the medians and of the variances are printed.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Self

import numpy as np

from bench.launch.process import WorkerFailedError
from bench.launch.protocol import GO, Failed, Loaded, Measured, Ready, decode_message, encode_message
from bench.launch.workers import Job, Workers
from bench.records.measurement import InstanceResult
from bench.records.plan import Task
from bench.records.record import decode_json, encode_json_line
from bench.stats.ratio import instance_latency_s
from tests.benchmarks.hosts import Array
from tests.benchmarks.repetition import SHORT, only_result, short_job


def main(workload: str, seconds: float, file: Path) -> None:
    """Alternate for so long, then print what the file holds."""
    with short_job(workload) as job:
        ((task,), (environment,)) = job.tasks, job.environments
        fresh(job)  # fills compilers' caches
        with Nursery(task, environment) as nursery, file.open("a", encoding="utf-8") as stream:
            end, pair = monotonic() + seconds, 0
            while monotonic() < end:
                row: dict[str, object] = {"workload": workload}
                for who in ("fresh", "forked") if pair % 2 else ("forked", "fresh"):
                    start = monotonic()
                    result = fresh(job) if who == "fresh" else nursery.fork(task)
                    row[who] = instance_latency_s(result)
                    row[f"{who}_wall_s"] = monotonic() - start
                stream.write(json.dumps(row) + "\n")
                stream.flush()
                pair += 1
    report([json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()])


def fresh(job: Job) -> InstanceResult:
    """One repetition as bench makes it."""
    return only_result(Workers().run(job, timeout_s=SHORT.timeout_s))


class Nursery:
    """A process that has imported, and forks a child for each task. The child takes over its pipes meanwhile."""

    def __init__(self, task: Task, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.nursery", "--nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**environment, "OPENBLAS_NUM_THREADS": "1"},  # NumPy's own starts its pool when it is loaded
        )
        self._say(encode_json_line(task))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def fork(self, task: Task) -> InstanceResult:
        """One repetition in a child."""
        self._say(encode_json_line(task))
        while True:
            assert self._process.stdout is not None
            message = decode_message(self._process.stdout.readline())
            if isinstance(message, Loaded | Ready):
                self._say(GO)
            if isinstance(message, Measured):
                return message.result
            if isinstance(message, Failed):
                raise WorkerFailedError(message.failure)

    def _say(self, line: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()


def run_nursery() -> None:
    """The nursery's own program."""
    os.environ.pop("LD_PRELOAD", None)
    raw = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - what comes after the task is the child's to read
    task = decode_json(raw.readline(), Task, source="task")
    import_module("torch")
    import_module("bench.variants.prepare")
    import_module("bench.worker.prove")
    from bench.worker.cell import measure_cell
    from bench.workloads.registry import find_workload, load_builder

    assert task.case is not None
    load_builder(find_workload(task.case.workload))
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while line := raw.readline():
        task = decode_json(line, Task, source="task")
        threads = len(list(Path("/proc/self/task").iterdir()))
        if threads != 1:
            raise RuntimeError(f"{threads} threads in the nursery; it must have one to fork")
        child = os.fork()
        if child == 0:
            channel.write(encode_message(measure_cell(task, channel)))
            channel.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            raise RuntimeError(f"a child ended with status {status}")


def report(rows: Sequence[dict[str, float]]) -> None:
    """Ratios of forked to fresh: of medians and wall time per workload, of the variance over all together.

    Variance is of logarithms, so that workloads can be put together. The 95% interval is a bootstrap over pairs.
    """
    everything = []
    for workload in sorted({str(row["workload"]) for row in rows}):
        own = [row for row in rows if row["workload"] == workload]
        values = np.log([(row["fresh"], row["forked"]) for row in own])
        wall = median(row["forked_wall_s"] / row["fresh_wall_s"] for row in own)
        print(
            f"{workload}: {len(own)} pairs, fresh {np.exp(np.median(values[:, 0])) * 1e3:.1f} ms; "
            f"forked over fresh: median {bootstrap([values], median_ratio)}, wall time {wall:.2f}"
        )
        everything.append(values)
    print(f"forked over fresh: variance {bootstrap(everything, variance_ratio)}")


def median_ratio(groups: Sequence[Array]) -> float:
    """Of the two columns' medians."""
    return float(np.exp(np.median(groups[0][:, 1]) - np.median(groups[0][:, 0])))


def variance_ratio(groups: Sequence[Array]) -> float:
    """Of the variances within workloads."""
    fresh, forked = sum((group.var(axis=0, ddof=1) for group in groups), start=np.zeros(2))
    return float(forked / fresh)


def bootstrap(groups: Sequence[Array], statistic: Callable[[Sequence[Array]], float]) -> str:
    """The statistic and its 95% interval, over pairs."""
    generator = np.random.default_rng(1)
    drawn = [statistic([group[generator.integers(0, len(group), len(group))] for group in groups]) for _ in range(2000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{statistic(groups):.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    if sys.argv[1:] == ["--nursery"]:
        run_nursery()
    else:
        main(
            sys.argv[1],
            float(sys.argv[2]) if len(sys.argv) > 2 else 300.0,
            Path(sys.argv[3] if len(sys.argv) > 3 else "nursery.jsonl"),
        )
