"""How often our verdicts are wrong, and how often they find what is there.

    python -m tests.benchmarks.error_rates [--comparisons N] [--picture FILE.svg]
    python -m tests.benchmarks.error_rates [--comparisons N] BUNDLE...
    python -m tests.benchmarks.error_rates --live [--rounds N]

Like is compared with like, and with what takes 2% and 5% longer, on synthetic hosts (`hosts.py`), on the
repetitions recorded in bundles, and with --live on this machine, where the slowdown is more work inside of the
workload. The settings are the defaults of `bench compare` and `bench ab`. Nothing is asserted: rates
are printed with their 95% binomial intervals (Clopper and Pearson), and drawn.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest
from tabulate import tabulate

from bench.bundle.verify import verify_bundle
from bench.compare.cells import Evidence, judge_cells
from bench.records.case import Case
from bench.records.verdict import ASSUMED_SCATTER, Criteria, HostMovement, RunScatter
from bench.stats.metrics import repetition_values
from tests.benchmarks.hosts import HOSTS, Host, Pair, interleave, run_apart
from tests.benchmarks.slowed import measure_rounds

CRITERIA = Criteria()
CASE = Case(
    workload="synthetic",
    mode="inference",
    phase=None,
    precision="fp32",
    memory_format="contiguous",
    backend="eager",
    batch_size=1,
    shape={},
)
EFFECTS = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06)
REPETITIONS = (5, 10, 20, 40, 80)
TEN_MINUTES_S = 600.0
SECONDS = {"usual": 4.5, "slow": 8.0}
"""Of one repetition of a workload of 100 ms, from start to start: loading, warm-up and timed part; `bench ab` of resnet50 took
4.5 s on the machine of the README's table, and a slower one takes less than twice as long."""

ARRANGEMENTS = {"interleaved": interleave, "two runs": run_apart}
NO_SCATTER = RunScatter(ratio=0.0, runs=None, source="repetitions of one run, dealt to two sides")


class Rate(NamedTuple):
    """How often comparisons of one kind came out how."""

    host: str
    arrangement: str
    cells: int
    repetitions: int
    effect: float
    comparisons: int
    slower: int
    faster: int
    equivalent: int

    @property
    def alarms(self) -> int:
        """Verdicts of a difference, right or wrong."""
        return self.slower + self.faster


def judge(pairs: Sequence[Pair], scatter: RunScatter | None) -> list[str]:
    """The verdicts of one comparison, a pair a cell."""
    evidences = [
        Evidence(
            case=CASE,
            layout="latency",
            base="0000-a",
            new="0000-a",
            base_s=dict(enumerate(pair.base_s.tolist())),
            new_s=dict(enumerate(pair.new_s.tolist())),
            host_movement=None
            if scatter is None
            else HostMovement(compute_ratio=pair.moved_ratio, bandwidth_ratio=pair.moved_ratio),
        )
        for pair in pairs
    ]
    return [one.verdict.outcome for one in judge_cells(evidences, CRITERIA, scatter)]


def count(host: str, arrangement: str, repetitions: int, effect: float, verdicts: Iterable[Sequence[str]]) -> Rate:
    """Count comparisons in which any cell came out slower, or else faster, or equivalent."""
    listed = list(verdicts)
    worst = Counter(next((kind for kind in ("slower", "faster", "equivalent") if kind in one), "") for one in listed)
    return Rate(
        host,
        arrangement,
        len(listed[0]),
        repetitions,
        effect,
        len(listed),
        worst["slower"],
        worst["faster"],
        worst["equivalent"],
    )


def simulate(  # noqa: PLR0917 - a row of the table
    name: str, host: Host, arrangement: str, repetitions: int, effect: float, comparisons: int, cells: int = 1
) -> Rate:
    """Compare on a synthetic host; equal arguments give equal rates."""
    rng = np.random.default_rng([repetitions, round(1000 * effect), cells, len(name)])
    scatter = None if arrangement == "interleaved" else ASSUMED_SCATTER
    draw = ARRANGEMENTS[arrangement]
    return count(
        name,
        arrangement,
        repetitions,
        effect,
        (judge([draw(host, rng, repetitions, effect) for _ in range(cells)], scatter) for _ in range(comparisons)),
    )


def resample(name: str, seconds: Sequence[float], effect: float, comparisons: int) -> Iterator[Rate]:
    """Deal the recorded repetitions of one cell to two sides, again and again, and slow one of them down."""
    rng = np.random.default_rng(len(seconds))
    half = len(seconds) // 2
    dealt = [rng.permutation(seconds)[: 2 * half].reshape(2, half) for _ in range(comparisons)]
    for arrangement, scatter in (("interleaved", None), ("two runs", NO_SCATTER)):
        verdicts = (judge([Pair(base, new * (1 + effect), 1.0)], scatter) for base, new in dealt)
        yield count(name, arrangement, half, effect, verdicts)


def read_recorded(paths: Iterable[Path]) -> Iterator[tuple[str, list[float]]]:
    """Cells of bundles that have ten valid repetitions or more."""
    for path in paths:
        contents = verify_bundle(path).contents
        cells = {cell.id: cell for cell in contents.plan.cells}
        for measurement in contents.measurements:
            seconds = list(repetition_values(measurement, cells[measurement.cell]).values())
            if len(seconds) >= 10:
                yield f"{path.stem.partition('.')[0]} {measurement.cell}", seconds


def report(title: str, rates: Iterable[Rate]) -> list[Rate]:
    """Print a table of rates."""
    listed = list(rates)
    rows = [
        (
            rate.host,
            rate.arrangement,
            rate.cells,
            rate.repetitions,
            f"{rate.effect:+.0%}",
            rate.comparisons,
            f"{rate.slower / rate.comparisons:.2%}",
            f"{rate.faster / rate.comparisons:.2%}",
            f"{rate.equivalent / rate.comparisons:.2%}",
            "{0.low:.2%} to {0.high:.2%}".format(binomtest(rate.alarms, rate.comparisons).proportion_ci()),
        )
        for rate in listed
    ]
    headers = (
        "host",
        "arrangement",
        "cells",
        "repetitions",
        "true",
        "comparisons",
        "slower",
        "faster",
        "equivalent",
        "any difference",
    )
    print(f"\n{title}\n{tabulate(rows, headers, disable_numparse=True)}", flush=True)
    return listed


def main() -> None:
    """Print the tables, and draw the picture if one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", nargs="*", type=Path)
    parser.add_argument("--comparisons", type=int, default=2000)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    if options.live:
        report_live(options.rounds, options.comparisons)
        return
    number = options.comparisons
    if options.bundles:
        recorded = list(read_recorded(options.bundles))
        effects = (0.0, 0.02, 0.05)
        report(
            "Recorded repetitions, dealt to two sides",
            (rate for name, one in recorded for effect in effects for rate in resample(name, one, effect, number)),
        )
        return
    alarms = report("Like with like, synthetic", simulate_alarms(number))
    report("Ten minutes for one workload of 100 ms", simulate_ten_minutes(number // 4))
    power = [
        simulate("normal", HOSTS["normal"], arrangement, repetitions, effect, number // 4)
        for arrangement in ARRANGEMENTS
        for repetitions in REPETITIONS
        for effect in EFFECTS
    ]
    report("What is found, synthetic", power)
    if options.picture:
        from tests.benchmarks.error_rates_picture import draw

        draw(alarms, power, options.picture)


def simulate_alarms(comparisons: int) -> Iterator[Rate]:
    """Every host in both arrangements, few and many repetitions, and one of ten cells."""
    for name, host in HOSTS.items():
        for arrangement in ARRANGEMENTS:
            for repetitions, cells in ((5, 1), (20, 1), (10, 10)):
                number = comparisons if cells == 1 else comparisons // 3
                yield simulate(name, host, arrangement, repetitions, 0.0, number, cells)


def simulate_ten_minutes(comparisons: int) -> Iterator[Rate]:
    """Interleaved pairs, as many as ten minutes hold."""
    for kind, seconds in SECONDS.items():
        pairs = int(TEN_MINUTES_S / seconds / 2)
        for name in ("normal", "two speeds", "drifting"):
            for effect in (0.02, 0.05):
                rate = simulate(name, HOSTS[name], "interleaved", pairs, effect, comparisons)
                yield rate._replace(host=f"{name}, {kind}")


def report_live(rounds: int, comparisons: int) -> None:
    """Measure this machine in rounds, and judge all of them at once and parts of them again and again."""
    measured = measure_rounds(rounds)
    base = measured["base"]
    print(f"{rounds} rounds, base {np.median(base):.4f} s, scatter between repetitions {np.std(np.log(base)):.2%}")
    rng = np.random.default_rng(rounds)
    rates = []
    for name in ("same", "2% more work", "5% more work"):
        seconds = measured[name]
        ratio = np.exp(np.mean(np.log(seconds / base)))
        print(f"{name}: latency {ratio - 1:+.2%}, all rounds: {judge([Pair(base, seconds, 1.0)], None)[0]}")
        for part in (rounds // 4, rounds // 2):
            chosen = [np.sort(rng.choice(rounds, part, replace=False)) for _ in range(comparisons)]
            verdicts = (judge([Pair(base[at], seconds[at], 1.0)], None) for at in chosen)
            rates.append(count(name, "interleaved", part, float(ratio - 1), verdicts))
    report("Live, parts of the rounds (which overlap, so that intervals are too narrow)", rates)


if __name__ == "__main__":
    main()
