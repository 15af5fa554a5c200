"""Comparisons of synthetic or recorded repetitions, and how often they come out how. Bench's own code judges."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from scipy.stats import binomtest

from bench.compare.cells import Judged, judge_pairs, judge_runs
from bench.compare.evidence import Evidence
from bench.compare.host_change import measure_host_change
from bench.records.case import Case
from bench.records.probe import Probe
from bench.records.verdict import INTERLEAVED_MARGIN_RATIO, RUNS_MARGIN_RATIO, Criteria
from bench.stats.run_scatter import LearnedRuns, RunMeans, allow_between_runs, average_repetitions, learn_run_scatter
from tests.benchmarks.hosts import HOSTS, Array, Run, interleave, make_runs
from tests.builders import make_probe

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


class Setting(NamedTuple):
    """One row of a table: how comparisons are made.

    Attributes:
        interleaved: `bench ab` on one host; else `bench compare` of runs.
        effect: How much longer the first cell of new takes, as a share; the other cells are alike.
        run_scatter: Standard deviation between runs; None in a description of several.
        earlier: Runs of the same thing that are known of the host.
        runs: Of each side.
    """

    host: str
    interleaved: bool = False
    cells: int = 1
    repetitions: int = 5
    effect: float = 0.0
    run_scatter: float | None = 0.0
    earlier: int = 0
    runs: int = 1


class Rate(NamedTuple):
    """Outcomes of comparisons.

    Attributes:
        alarms: Comparisons in which any cell that does not differ came out slower or faster.
        slower, equivalent: Comparisons in which the first cell did.
        equivalent_cells: Cells without effect that came out equivalent.
        equivalent_all: Comparisons in which every cell did.
    """

    setting: Setting
    comparisons: int
    alarms: int
    slower: int
    equivalent: int
    equivalent_cells: int
    equivalent_all: int

    def interval(self, count: int) -> str:
        """Return a share of the comparisons, with its 95% interval (Clopper and Pearson)."""
        bounds = binomtest(count, self.comparisons).proportion_ci()
        return f"{count / self.comparisons:.2%} ({bounds.low:.2%} to {bounds.high:.2%})"


def simulate(setting: Setting, comparisons: int) -> Rate:
    """Make comparisons on a synthetic host. Equal settings give equal rates."""
    seed = (setting.cells, setting.repetitions, setting.earlier, setting.runs, int(1e4 * setting.effect))
    rng = np.random.default_rng([*seed, int(1e4 * (setting.run_scatter or 0)), *setting.host.encode()])
    compare = _compare_interleaved if setting.interleaved else _compare_runs
    return count(setting, [compare(setting, rng) for _ in range(comparisons)])


def count(setting: Setting, verdicts: Sequence[Sequence[str]]) -> Rate:
    """Count outcomes of comparisons."""
    differs = setting.effect != 0
    alike = [cells[1:] if differs else cells for cells in verdicts]
    return Rate(
        setting=setting,
        comparisons=len(verdicts),
        alarms=sum(bool({"slower", "faster"} & set(cells)) for cells in alike),
        slower=sum(cells[0] == "slower" for cells in verdicts),
        equivalent=sum(cells[0] == "equivalent" for cells in verdicts),
        equivalent_cells=sum(cells.count("equivalent") for cells in map(list, alike)),
        equivalent_all=sum(set(cells) == {"equivalent"} for cells in verdicts),
    )


def judge_interleaved(base: Array, new: Array) -> list[str]:
    """Return the outcomes of interleaved sides, shape (cells, repetitions)."""
    evidences = [make_evidence([before], [after]) for before, after in zip(base.tolist(), new.tolist(), strict=True)]
    return _take_outcomes(judge_pairs(evidences, Criteria(margin_ratio=INTERLEAVED_MARGIN_RATIO)))


def judge_apart(
    base: Sequence[Run], new: Sequence[Run], earlier: Sequence[Run] = (), learned: LearnedRuns | None = None
) -> list[str]:
    """Return the outcomes of runs, as `bench compare` judges them.

    Args:
        base: Runs of one side.
        new: Runs of the other.
        earlier: Runs that are known of the host.
        learned: What is known of the scatter between runs, in place of what these runs show.
    """
    groups = [[_average(run) for run in group] for group in (base, new, earlier)]
    known = learn_run_scatter(groups) if learned is None else learned
    probes = [[_make_probes(run) for run in group] for group in (base, new, earlier)]
    criteria = Criteria(margin_ratio=RUNS_MARGIN_RATIO)
    tail = criteria.false_alarm_level / len(base[0].seconds) / 2
    change = measure_host_change(probes[0], probes[1], "latency", probes[2:])
    evidences = [
        replace(
            make_evidence([run.seconds[cell] for run in base], [run.seconds[cell] for run in new]),
            run_scatter=allow_between_runs(known.find(cell), tail),
            host_change=change,
        )
        for cell in range(len(base[0].seconds))
    ]
    return _take_outcomes(judge_runs(evidences, criteria))


def make_evidence(base: Iterable[Sequence[float]], new: Iterable[Sequence[float]]) -> Evidence:
    """Return the evidence of one cell, from the seconds of each run of either side."""
    return Evidence(
        case=CASE,
        layout="latency",
        base="0000-a",
        new="0000-a",
        base_values=tuple(dict(enumerate(run)) for run in base),
        new_values=tuple(dict(enumerate(run)) for run in new),
    )


def _compare_interleaved(setting: Setting, rng: np.random.Generator) -> list[str]:
    base, new = interleave(HOSTS[setting.host], rng, setting.cells, setting.repetitions)
    new[0] *= 1 + setting.effect
    return judge_interleaved(base, new)


def _compare_runs(setting: Setting, rng: np.random.Generator) -> list[str]:
    count = setting.runs
    total = 2 * count + setting.earlier
    runs = make_runs(HOSTS[setting.host], rng, total, setting.cells, setting.repetitions, setting.run_scatter or 0.0)
    base, new, earlier = runs[:count], runs[count : 2 * count], runs[2 * count :]
    for run in new:
        run.seconds[0][:] = [value * (1 + setting.effect) for value in run.seconds[0]]
    return judge_apart(base, new, earlier)


def _take_outcomes(judged: Iterable[Judged]) -> list[str]:
    return [cell.verdict.outcome for cell in judged]


def _average(run: Run) -> RunMeans:
    return {cell: average_repetitions(values) for cell, values in enumerate(run.seconds)}


def _make_probes(run: Run) -> list[Probe]:
    return [
        make_probe(gflops=1 / seconds, gigabytes=1 / seconds, sequence=sequence)
        for sequence, seconds in enumerate(run.probes)
    ]
