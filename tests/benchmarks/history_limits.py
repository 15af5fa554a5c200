"""Make the limits of the search for changes in a history, which ship with bench.

    python -m tests.benchmarks.history_limits [--histories N]

Searches histories of 48 cells in 365 runs that do not change, each run looked at, by bench's own code, and writes
`bench/stats/change_limits.json`: the largest level of a single split, of those in `TAILS`, whose expected number of false
alarms is at most one on every host of `history_hosts.py`, by the upper end of its 95% interval. The interval is of the
mean over histories: alarms of cells of one host come together.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

from bench.records.record import encode_json
from bench.stats.change_limits import LIMITS_NAME, ChangeLimits
from bench.stats.change_points import find_changes
from tests.benchmarks.history_hosts import HOSTS, as_series, make_history

CELLS, RUNS = 48, 365
SEED = 19
FALSE_ALARMS = 1.0
TAILS = (4e-6, 2e-6, 1e-6, 5e-7)


def count_alarms(host: str, tail: float, histories: int, seed: int) -> list[int]:
    """Return how many changes are found in each of several histories that have none."""
    counts = []
    for number in range(histories):
        rng = np.random.default_rng([seed, number])
        counts.append(len(find_changes(as_series(*make_history(host, rng, CELLS, RUNS)), tail).changes))
    return counts


def estimate(counts: Sequence[int]) -> tuple[float, float, float]:
    """Return the mean of counts, and the ends of its 95% interval (Student)."""
    mean = float(np.mean(counts))
    reach = float(stdtrit(len(counts) - 1, 0.975) * np.std(counts, ddof=1) / len(counts) ** 0.5)
    return mean, max(0.0, mean - reach), mean + reach


def choose(histories: int) -> ChangeLimits:
    """Return the limits; print what every level gave."""
    for tail in TAILS:
        rates = {}
        for host in HOSTS:
            rates[host] = estimate(count_alarms(host, tail, histories, SEED))
            print(f"{tail:g} {host}: {rates[host][0]:.2f} ({rates[host][1]:.2f} to {rates[host][2]:.2f})", flush=True)
            if rates[host][2] > FALSE_ALARMS:
                break
        else:
            worst = max(rates.values(), key=lambda rate: rate[2])
            return ChangeLimits(
                tail=tail,
                false_alarms=FALSE_ALARMS,
                runs=RUNS,
                cells=CELLS,
                simulated=worst,
                histories=histories,
                seed=SEED,
            )
    raise SystemExit("no level keeps to it; add smaller ones to TAILS")


def main() -> None:
    """Write the limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=100)
    limits = choose(parser.parse_args().histories)
    path = Path(__file__).parents[2] / "bench" / "stats" / LIMITS_NAME
    path.write_bytes(encode_json(limits))
    print(f"{path}: {limits.tail:g}")


if __name__ == "__main__":
    main()
