"""How often a history shows a change that is not there, and how soon it shows one that is.

    python -m tests.benchmarks.history_rates [--histories N] [--otava PYTHON]

Synthetic hosts (`history_hosts.py`), bench's own search with the limits that ship. With `--otava`, an interpreter of an
environment that has Apache Otava (`pip install apache-otava`) judges a part of the same series, with its defaults.
Nothing is asserted.
"""

import argparse
import json
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from tabulate import tabulate

from bench.stats.change_limits import load_limits
from bench.stats.change_points import find_changes
from tests.benchmarks.history_hosts import HOSTS, Array, as_series, make_history
from tests.benchmarks.history_limits import CELLS, RUNS, count_alarms, estimate

STEPS = (0.02, 0.05, 0.10)
SHORT, AT = 60, 30
"""Runs of a history in which a step is looked for, and of them before it."""

NEAR = 3
"""A change counts as the step if it is placed within so many runs of it."""

STEP_CELLS = 12
OTAVA_SERIES = 60
SEED = 20


def report_alarms(histories: int) -> None:
    """Print false alarms in a year of nightly runs of 48 cells, looked at every day."""
    tail = load_limits().tail
    rows = []
    for host in HOSTS:
        counts = count_alarms(host, tail, histories, SEED)
        mean, low, high = estimate(counts)
        rows.append(
            {
                "host": host,
                "false alarms a year": f"{mean:.2f} ({low:.2f} to {high:.2f})",
                "of 1,000 points": f"{1000 * mean / CELLS / RUNS:.3f}",
                "years without any": f"{np.mean(np.array(counts) == 0):.0%}",
            }
        )
    print_table(f"{histories} years of {RUNS} runs of {CELLS} cells, each run looked at", rows)


def report_steps(histories: int) -> None:
    """Print what is found of steps, and after how many runs."""
    tail = load_limits().tail
    rows = []
    for host in HOSTS:
        row = {"host": host}
        for step in STEPS:
            delays = []
            for number in range(histories):
                rng = np.random.default_rng([SEED, number])
                logs, own = make_history(host, rng, STEP_CELLS, SHORT, step, AT)
                delays += list(find_delays(logs, own, tail))
            row[f"{step:.0%}"] = describe_delays(delays)
        rows.append(row)
    print_table(
        f"Steps after {AT} runs, {histories * STEP_CELLS} cells: found within 10 / 30 runs, median of runs", rows
    )


def find_delays(logs: Array, own: Array, tail: float) -> Iterable[int | None]:
    """Yield for each cell after how many runs its step was found; None if it was not."""
    changes = find_changes(as_series(logs, own), tail).changes
    for cell in range(len(logs)):
        found = [
            change.found + 1 - AT for change in changes if change.series == cell and abs(change.first - AT) <= NEAR
        ]
        yield found[0] if found else None


def describe_delays(delays: Sequence[int | None]) -> str:
    """Return the share found within ten and thirty runs, and the median delay of those found."""
    found = [delay for delay in delays if delay is not None]
    within = [sum(delay <= limit for delay in found) / len(delays) for limit in (10, 30)]
    middle = f"{np.median(found):.0f}" if found else "-"
    return f"{within[0]:.0%} / {within[1]:.0%}, {middle}"


def report_otava(python: Path) -> None:
    """Print what Otava and bench find in the same series of 60 points: flat ones, and ones with a step."""
    tail = load_limits().tail
    rows = []
    for host in HOSTS:
        row: dict[str, str] = {"host": host}
        for step in (0.0, *STEPS):
            rng = np.random.default_rng([SEED, 1])
            logs, own = make_history(host, rng, OTAVA_SERIES, SHORT, step, AT)
            ours = find_changes(as_series(logs, own), tail).changes
            theirs = ask_otava(python, np.exp(logs))
            if step:
                delays = list(find_delays(logs, own, tail))
                row[f"{step:.0%}, bench"] = describe_delays(delays)
                row[f"{step:.0%}, Otava"] = describe_delays([first_near(found) for found in theirs])
            else:
                row["flat, bench"] = f"{len({change.series for change in ours})} of {OTAVA_SERIES}"
                daily = sum(any(points for _, points in found) for found in theirs)
                once = sum(bool(found[-1][1]) for found in theirs)
                row["flat, Otava"] = f"{daily} of {OTAVA_SERIES} daily, {once} at the end"
        rows.append(row)
        print(row, flush=True)
    print_table(
        f"{OTAVA_SERIES} series of {SHORT} points for each host, looked at every second run from the tenth on", rows
    )


def ask_otava(python: Path, latencies: Array) -> list[list[tuple[int, list[int]]]]:
    """Return for each series, and each number of its first points, where Otava places changes."""
    script = Path(__file__).with_name("otava_series.py")
    answer = subprocess.run(
        [str(python), str(script)], input=json.dumps(latencies.tolist()), capture_output=True, text=True, check=True
    )
    found: list[list[tuple[int, list[int]]]] = json.loads(answer.stdout)
    return found


def first_near(found: Sequence[tuple[int, list[int]]]) -> int | None:
    """Return after how many runs a change is first placed near the step."""
    near = (count for count, places in found if any(abs(place - AT) <= NEAR for place in places))
    first = next(near, None)
    return None if first is None else first - AT


def print_table(title: str, rows: Iterable[dict[str, str]]) -> None:
    """Print rows under their title."""
    print(f"\n{title}\n{tabulate(list(rows), headers='keys', tablefmt='github', disable_numparse=True)}", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=100)
    parser.add_argument("--otava", type=Path, metavar="PYTHON")
    options = parser.parse_args()
    if options.otava is not None:
        report_otava(options.otava)
        return
    report_alarms(options.histories)
    report_steps(max(1, options.histories // 2))


if __name__ == "__main__":
    main()
