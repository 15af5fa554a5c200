"""How often verdicts are wrong, and how often they find what is there.

    python -m tests.benchmarks.error_rates [--comparisons N] [--picture FILE.svg]
    python -m tests.benchmarks.error_rates [--comparisons N] BUNDLE...
    python -m tests.benchmarks.error_rates --live [--rounds N]

The first compares on synthetic hosts (`hosts.py`), the second the repetitions recorded in bundles, and the third
measures this machine, where the slowdown is more work in the workload. Bench's own code judges, with the defaults of
`bench compare` and `bench ab`. Nothing is asserted: rates are printed with their 95% binomial intervals (Clopper and
Pearson), and drawn.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from tabulate import tabulate

from bench.compare.evidence import read_values
from bench.verification.verify import verify_bundle
from tests.benchmarks.hosts import HOSTS
from tests.benchmarks.rates import Rate, Setting, count, judge_interleaved, simulate
from tests.benchmarks.slowed import measure_rounds

CELLS = (1, 14)
EARLIER = (0, 5, 15)
RUN_SCATTERS = (0.005, 0.01, 0.02)
EFFECTS = (0.02, 0.03, 0.05, 0.10)
TEN_MINUTES_S = 600.0
SECONDS = {"usual": 4.5, "slow": 8.0}
"""Of one repetition of a workload of 100 ms, from start to start: loading, warm-up and timed part. `bench ab` of resnet50
took 4.5 s on the machine of the README's table, and a slower one takes less than twice as long."""

MORE = 8
"""Times as many comparisons of the setting with the highest rate."""

REPETITIONS = 8
"""Of each cell: the most that suite quick makes."""


def main() -> None:
    """Print the tables, and draw the picture if one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", nargs="*", type=Path)
    parser.add_argument("--comparisons", type=int, default=1000)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    if options.live:
        report_live(options.rounds, options.comparisons)
    elif options.bundles:
        report_recorded(options.bundles, options.comparisons)
    else:
        report_synthetic(options.comparisons, options.picture)


def report_synthetic(comparisons: int, picture: Path | None) -> None:
    """Print rates on synthetic hosts."""
    apart = [
        simulate(Setting(host, cells=cells, repetitions=REPETITIONS, run_scatter=scatter, earlier=earlier), number)
        for host in HOSTS
        for cells, number in zip(CELLS, (comparisons, comparisons // 2), strict=True)
        for scatter in RUN_SCATTERS
        for earlier in EARLIER
    ]
    report_alarms("False alarms of two runs, by earlier runs known", apart)
    interleaved = [
        simulate(Setting(host, interleaved=True, cells=cells, repetitions=repetitions), number)
        for host in HOSTS
        for cells, repetitions, number in ((1, 6, comparisons), (1, 20, comparisons), (14, 6, comparisons // 2))
    ]
    report_alarms("False alarms of interleaved sides", interleaved)
    margins = [
        simulate(setting._replace(effect=0.02 if setting.interleaved else 0.05), comparisons // 2)
        for setting in (rate.setting for rate in (*apart, *interleaved))
        if setting.host in {"normal", "calm", "mixed"}
    ]
    report_wrong_equivalence(margins)
    power = [
        simulate(
            Setting("calm", cells=cells, effect=effect, run_scatter=scatter, earlier=earlier, runs=runs),
            comparisons // 4,
        )
        for scatter in (0.005, 0.01)
        for cells in CELLS
        for earlier, runs in ((0, 1), (5, 1), (15, 1), (0, 3))
        for effect in (0.0, *EFFECTS)
    ]
    report_power(power)
    report_ten_minutes(comparisons // 4)
    if picture:
        from tests.benchmarks.error_rates_picture import draw

        draw(apart + interleaved, power, picture)


def report_alarms(title: str, rates: Sequence[Rate]) -> None:
    """Print the false alarms of like with like, a row for each host; of several scatters between runs the highest."""
    shares: dict[str, dict[str, list[float]]] = {}
    for rate in rates:
        column = describe_setting(rate.setting._replace(run_scatter=None))
        shares.setdefault(rate.setting.host, {}).setdefault(column, []).append(rate.alarms / rate.comparisons)
    rows = [
        {"host": host} | {column: f"{max(found):.2%}" for column, found in columns.items()}
        for host, columns in shares.items()
    ]
    # The highest of many rates is high by chance, too: more comparisons show what it is.
    worst = max(rates, key=lambda rate: rate.alarms / rate.comparisons)
    again = simulate(worst.setting, MORE * worst.comparisons)
    highest = f"highest: {worst.setting.host}, {describe_setting(worst.setting)}, again: {again.interval(again.alarms)}"
    print_table(f"{title}; {highest}", rows)


def report_wrong_equivalence(rates: Iterable[Rate]) -> None:
    """Print how often a cell that differs by the margin comes out equivalent."""
    rows = [
        {
            "host": rate.setting.host,
            "setting": describe_setting(rate.setting),
            "called equivalent": rate.interval(rate.equivalent),
        }
        for rate in sorted(rates, key=lambda rate: -rate.equivalent / rate.comparisons)[:10]
    ]
    print_table("A cell that differs by the margin called equivalent: the ten highest rates", rows)


def report_power(rates: Sequence[Rate]) -> None:
    """Print what is found, and what like with like is called, a row for each setting."""
    rows: dict[Setting, dict[str, str]] = {}
    for rate in rates:
        setting = rate.setting._replace(effect=0.0)
        row = rows.setdefault(setting, {"setting": describe_setting(setting)})
        if rate.setting.effect:
            row[f"{rate.setting.effect:.0%} found"] = f"{rate.slower / rate.comparisons:.0%}"
        else:
            row["cells equivalent"] = f"{rate.equivalent_cells / rate.comparisons / setting.cells:.1%}"
            row["all equivalent"] = f"{rate.equivalent_all / rate.comparisons:.1%}"
    title = "Like with like, and one slower cell; five repetitions that scatter by 1%"
    print_table(title, rows.values())


def report_ten_minutes(comparisons: int) -> None:
    """Print what as many interleaved pairs find as ten minutes hold."""
    rows = []
    for speed, seconds in SECONDS.items():
        pairs = int(TEN_MINUTES_S / seconds / 2)
        for host in ("normal", "two speeds", "drifting"):
            row = {"host": host, "pairs": f"{pairs} ({speed})"}
            for effect in (0.02, 0.05):
                rate = simulate(Setting(host, interleaved=True, repetitions=pairs, effect=effect), comparisons)
                row[f"{effect:.0%} found"] = f"{rate.slower / comparisons:.0%}"
                row[f"{effect:.0%} called equivalent"] = f"{rate.equivalent / comparisons:.1%}"
            rows.append(row)
    print_table("Ten minutes of bench ab for one workload of 100 ms", rows)


def report_recorded(paths: Iterable[Path], comparisons: int) -> None:
    """Print rates of recorded repetitions, assigned to two sides at random as if they had been interleaved."""
    rates = []
    for name, seconds in read_recorded(paths):
        rng = np.random.default_rng(len(seconds))
        half = len(seconds) // 2
        shuffled = [rng.permutation(seconds)[: 2 * half].reshape(2, 1, half) for _ in range(comparisons)]
        for effect in (0.0, 0.02, 0.05):
            verdicts = [judge_interleaved(base, new * (1 + effect)) for base, new in shuffled]
            rates.append(count(Setting(name, interleaved=True, repetitions=half, effect=effect), verdicts))
    report_outcomes("Recorded repetitions, assigned to two sides at random", rates)


def read_recorded(paths: Iterable[Path]) -> Iterator[tuple[str, list[float]]]:
    """Yield the cells of bundles that have ten valid repetitions or more."""
    for path in paths:
        contents = verify_bundle(path).contents
        cells = {cell.id: cell for cell in contents.plan.cells}
        for measurement in contents.measurements:
            seconds = list(read_values(measurement, cells[measurement.cell]).values())
            if len(seconds) >= 10:
                yield f"{path.stem.partition('.')[0]} {measurement.cell}", seconds


def report_live(rounds: int, comparisons: int) -> None:
    """Measure this machine in rounds, and judge all of them together and parts of them again and again."""
    measured = measure_rounds(rounds)
    base = measured["base"]
    print(f"{rounds} rounds, base {np.median(base):.4f} s, scatter between repetitions {np.std(np.log(base)):.2%}")
    rng = np.random.default_rng(rounds)
    rates = []
    for name in ("same", "2% more work", "5% more work"):
        seconds = measured[name]
        ratio = float(np.exp(np.mean(np.log(seconds / base))))
        print(f"{name}: latency {ratio - 1:+.2%}, all rounds: {judge_interleaved(base[None], seconds[None])[0]}")
        for part in (rounds // 4, rounds // 2):
            chosen = [np.sort(rng.choice(rounds, part, replace=False)) for _ in range(comparisons)]
            verdicts = [judge_interleaved(base[None, at], seconds[None, at]) for at in chosen]
            effect = 0.0 if name == "same" else ratio - 1
            rates.append(count(Setting(name, interleaved=True, repetitions=part, effect=effect), verdicts))
    report_outcomes("Live, parts of the rounds (which overlap, so that intervals are too narrow)", rates)


def report_outcomes(title: str, rates: Iterable[Rate]) -> None:
    """Print how often one cell came out how."""
    rows = [
        {
            "cell": rate.setting.host,
            "pairs": rate.setting.repetitions,
            "true": f"{rate.setting.effect:+.1%}",
            "false alarms": rate.interval(rate.alarms),
            "slower": f"{rate.slower / rate.comparisons:.2%}",
            "equivalent": f"{rate.equivalent / rate.comparisons:.2%}",
        }
        for rate in rates
    ]
    print_table(title, rows)


def describe_setting(setting: Setting) -> str:
    """Return a setting in a few words, but for its host and effect."""
    cells = f"{setting.cells} cell{'s' if setting.cells > 1 else ''}"
    if setting.interleaved:
        return f"{cells}, {setting.repetitions} pairs"
    sides = f", {setting.runs} runs a side" if setting.runs > 1 else ""
    scatter = "" if setting.run_scatter is None else f", {setting.run_scatter:.1%} between runs"
    return f"{cells}{scatter}, {setting.earlier} earlier{sides}"


def print_table(title: str, rows: Iterable[dict[str, object] | dict[str, str]]) -> None:
    """Print rows under their title as soon as they are there: a table takes a minute."""
    print(f"\n{title}\n{tabulate(list(rows), headers='keys', tablefmt='github', disable_numparse=True)}", flush=True)


if __name__ == "__main__":
    main()
