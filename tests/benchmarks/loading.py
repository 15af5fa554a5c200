"""What loading the next repetition beside this one saves, and whether it changes numbers.

    python -m tests.benchmarks.loading WORKLOAD [SECONDS]

Two repetitions in a row are made alone, then two of which the second has loaded beside the first, alternately; which goes first
alternates (ABBA). All have loaded for themselves. Nothing is asserted: printed are the ratio of wall times, and of the
latencies of the first repetitions, beside which another waits, and of the second, which had waited.
"""

import sys
from statistics import median
from time import monotonic

import numpy as np
from scipy.stats import bootstrap

from bench.launch.workers import Workers
from tests.benchmarks.hosts import Array
from tests.benchmarks.repetition import SHORT, only_latency_s, short_job


def main(workload: str, seconds: float) -> None:
    """Alternate for so long, then print the ratios."""
    walls: dict[bool, list[float]] = {False: [], True: []}
    firsts: dict[bool, list[float]] = {False: [], True: []}
    lasts: dict[bool, list[float]] = {False: [], True: []}
    with short_job(workload) as job, Workers() as workers:
        later = job._replace(pool="second")
        end, pair = monotonic() + seconds, 0
        while pair < 2 or monotonic() < end:  # an interval takes two
            for beside in (False, True) if pair % 2 else (True, False):
                began = monotonic()
                first = workers.run(
                    job._replace(pool="first"), timeout_s=SHORT.timeout_s, then=[later] if beside else []
                )
                second = workers.run(later, timeout_s=SHORT.timeout_s)
                walls[beside].append(monotonic() - began)
                firsts[beside].append(only_latency_s(first))
                lasts[beside].append(only_latency_s(second))
            pair += 1
    print(f"{workload}: {pair} pairs, alone {median(walls[False]):.1f} s for two repetitions; beside over alone:")
    for what, values in (("wall time", walls), ("latency of the first", firsts), ("of the second", lasts)):
        print(f"  {what} {describe(np.log(values[True]) - np.log(values[False]))}")


def describe(ratios: Array) -> str:
    """The median ratio of some logarithms, and its 95% interval by a bootstrap over pairs."""
    low, high = bootstrap((ratios,), np.median, rng=np.random.default_rng(1)).confidence_interval
    return f"{np.exp(np.median(ratios)):.3f} ({np.exp(low):.3f} to {np.exp(high):.3f})"


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 300.0)
