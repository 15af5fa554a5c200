"""Whether repetitions in forked processes scatter like repetitions in fresh ones, and give the same numbers.

    python -m tests.benchmarks.fork_server WORKLOAD [SECONDS] [FILE]

Three ways, in an order that rotates: `fresh`, a process that loads and measures; `anew`, what bench does: a
child of a process that loaded for this repetition; and `same`, children of one process that loaded once, which share
its address-space layout. What could differ is the scatter between repetitions that an interval is computed from. Each row of
numbers is appended to FILE; over all that it holds, the ratios of medians and of variances to fresh ones are printed.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

import numpy as np

from bench.launch.protocol import Loaded
from bench.launch.workers import Job, Workers
from bench.records.plan import Task
from bench.records.record import decode_json
from bench.worker.channel import receive, send, take_standard_output
from bench.worker.load import load, settle
from tests.benchmarks.hosts import Array
from tests.benchmarks.repetition import SHORT, only_latency_s, short_job

FRESH = "--fresh"
FORKED = ("anew", "same")


def main(workload: str, seconds: float, file: Path) -> None:
    """Alternate for so long, then print what the file holds."""
    with short_job(workload) as job, Workers() as workers, file.open("a", encoding="utf-8") as stream:
        same = job._replace(pool="same")
        workers.run(same, timeout_s=SHORT.timeout_s, then=[same])  # fills compilers' caches
        end, number = monotonic() + seconds, 0
        while monotonic() < end:
            jobs = {"fresh": as_fresh(job), "anew": job._replace(pool=str(number)), "same": same}
            order = [*jobs][number % 3 :] + [*jobs][: number % 3]
            row: dict[str, object] = {"workload": workload}
            for way in order[:: -1 if number % 2 else 1]:
                row[way] = only_latency_s(workers.run(jobs[way], timeout_s=SHORT.timeout_s, then=[same]))
            stream.write(json.dumps(row) + "\n")
            stream.flush()
            number += 1
    report([json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()])


def as_fresh(job: Job) -> Job:
    """The same job for workers that fork nothing."""
    return job._replace(argv=(sys.executable, "-m", "tests.benchmarks.fork_server", FRESH), pool="fresh")


def work_fresh() -> None:
    """A worker's program without a fork: load, then do one task."""
    os.environ.pop("LD_PRELOAD", None)
    channel = take_standard_output()
    task = decode_json(receive(), Task, source="task")
    settle(Path(task.scratch))
    loading = load(task)
    send(channel, Loaded())
    from bench.worker.cell import measure_cell

    send(channel, measure_cell(decode_json(receive(), Task, source="task"), loading, channel))
    os._exit(0)


def report(rows: Sequence[dict[str, float]]) -> None:
    """Ratios of forked to fresh: of medians for each workload, of the variance over all together.

    Variance is of logarithms, so that workloads can be pooled. The 95% interval is a bootstrap over rows.
    """
    for forked in FORKED:
        everything = []
        for workload in sorted({str(row["workload"]) for row in rows}):
            values = np.log([(row["fresh"], row[forked]) for row in rows if row["workload"] == workload])
            print(f"{workload}, {forked} over fresh, {len(values)} times: median {bootstrap([values], median_ratio)}")
            everything.append(values)
        print(f"{forked} over fresh: variance {bootstrap(everything, variance_ratio)}")


def median_ratio(groups: Sequence[Array]) -> float:
    """Of the two columns' medians."""
    return float(np.exp(np.median(groups[0][:, 1]) - np.median(groups[0][:, 0])))


def variance_ratio(groups: Sequence[Array]) -> float:
    """Of the variances within workloads."""
    fresh, forked = sum((group.var(axis=0, ddof=1) for group in groups), start=np.zeros(2))
    return float(forked / fresh)


def bootstrap(groups: Sequence[Array], statistic: Callable[[Sequence[Array]], float]) -> str:
    """The statistic and its 95% interval, over rows."""
    generator = np.random.default_rng(1)
    drawn = [statistic([group[generator.integers(0, len(group), len(group))] for group in groups]) for _ in range(2000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{statistic(groups):.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    if sys.argv[1:] == [FRESH]:
        work_fresh()
    else:
        main(
            sys.argv[1],
            float(sys.argv[2]) if len(sys.argv) > 2 else 300.0,
            Path(sys.argv[3] if len(sys.argv) > 3 else "fork_server.jsonl"),
        )
