"""The probe with scripts in the place of clocks, scheduler and kernel."""

import os
from collections.abc import Mapping, Sequence

import pytest

from bench.doctor.neighbours import find_neighbours
from bench.doctor.probe import Instruments, Ticks, parse_ticks, read_host_ticks, run_probe
from bench.records.diagnosis import NeighbourProbe, ProbedCpu
from tests.unit.doctor.findings import pick

STAT = """cpu  400 0 40 900 10 0 5 20 0 0
cpu0 100 1 20 400 5 2 3 10 7 0
cpu1 x 0 0 0 0 0 0 0 0 0
cpu12 1 1 1 1 1 1 1 1
intr 5
"""


class Host:
    """Counts time as the probe uses it: a loop takes as long as the script says for the CPU it is bound to."""

    def __init__(self, loops_ns: Mapping[int, Sequence[int]], ticks: Sequence[Mapping[int, Ticks]]) -> None:
        self.now_ns = 0
        self.own_ns = 0
        self.bound: list[frozenset[int]] = []
        self.slept_s: list[float] = []
        self._loops = {cpu: list(times) for cpu, times in loops_ns.items()}
        self._done = dict.fromkeys(loops_ns, 0)
        self._ticks = list(ticks)

    def loop(self) -> None:
        (cpu,) = self.bound[-1]
        times = self._loops[cpu]
        # Each time is used twice: for the loop before the timed one, and for that.
        took_ns = times[self._done[cpu] // 2 % len(times)]
        self._done[cpu] += 1
        self.now_ns += took_ns
        self.own_ns += took_ns

    def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now_ns += round(seconds * 1e9)

    def instruments(self) -> Instruments:
        return Instruments(
            clock_ns=lambda: self.now_ns,
            own_ns=lambda: self.own_ns,
            bind=self.bound.append,
            sleep=self.sleep,
            loop=self.loop,
            read_ticks=lambda: self._ticks.pop(0),
        )


def probe(loops_ns: Mapping[int, Sequence[int]], before: Mapping[int, Ticks], after: Mapping[int, Ticks]) -> NeighbourProbe:  # fmt: skip
    host = Host(loops_ns, [before, after])
    return run_probe(frozenset(loops_ns), 1.0, ticks_per_s=100, instruments=host.instruments())


def ticks(total: int, idle: int, steal: int = 0) -> Ticks:
    return Ticks(total=total, idle=idle, steal=steal)


IDLE = ({0: ticks(0, 0), 1: ticks(0, 0)}, {0: ticks(100, 94), 1: ticks(100, 94)})
STEADY = {0: [3_000_000], 1: [3_000_000]}


def test_parses_the_rows_of_cpus_and_ignores_others() -> None:
    assert parse_ticks(STAT) == {0: ticks(541, 405, 10), 12: ticks(8, 2, 1)}


def test_this_hosts_kernel_shows_its_cpus() -> None:
    assert set(os.sched_getaffinity(0)) <= set(read_host_ticks())


def test_each_cpu_runs_the_loop_in_turn_and_the_binding_is_restored() -> None:
    host = Host(STEADY, IDLE)
    found = run_probe(frozenset({0, 1}), 1.0, ticks_per_s=100, instruments=host.instruments())
    assert host.bound == [*[frozenset({0}), frozenset({1})] * found.rounds, frozenset({0, 1})]
    assert sum(host.slept_s) > 0.8 * found.elapsed_s
    assert 1.0 <= found.elapsed_s < 1.2
    assert [(cpu.cpu, cpu.median_ns, cpu.best_ns) for cpu in found.cpus] == [
        (0, 3_000_000, 3_000_000),
        (1, 3_000_000, 3_000_000),
    ]


def test_an_interrupt_restores_the_binding() -> None:
    host = Host(STEADY, IDLE)

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    scripts = host.instruments()
    scripts = Instruments(**{**vars(scripts), "sleep": interrupt})
    with pytest.raises(KeyboardInterrupt):
        run_probe(frozenset({0, 1}), 1.0, ticks_per_s=100, instruments=scripts)
    assert host.bound[-1] == frozenset({0, 1})


def test_a_short_probe_still_makes_five_rounds() -> None:
    host = Host(STEADY, IDLE)
    assert run_probe(frozenset({0}), 0.001, ticks_per_s=100, instruments=host.instruments()).rounds == 5


@pytest.mark.parametrize(
    ("loops_ns", "after", "expected"),
    [
        pytest.param(STEADY, IDLE[1], [("fine", "neighbours_quiet")], id="quiet"),
        pytest.param(STEADY, {0: ticks(100, 80, 12), 1: ticks(100, 94)}, [("scatter", "steal_seen")], id="stolen time"),
        pytest.param(STEADY, {0: ticks(100, 60), 1: ticks(100, 94)}, [("scatter", "foreign_load_seen")], id="another program"),
        pytest.param({0: [3_000_000] * 4 + [4_000_000], 1: [3_000_000]}, IDLE[1], [("scatter", "loop_times_scatter")], id="times that scatter"),
        pytest.param({0: [3_000_000], 1: [6_000_000]}, {0: IDLE[1][0], 1: ticks(100, 90)}, [("slow", "cpus_unequal")], id="a slow CPU"),
        pytest.param(STEADY, {0: ticks(100, 94)}, [("unknown", "use_not_shown")], id="a CPU without a row"),
        pytest.param(STEADY, IDLE[0], [("unknown", "use_not_shown")], id="counters that stand still"),
    ],
)  # fmt: skip
def test_a_probe_finds(
    loops_ns: Mapping[int, Sequence[int]], after: Mapping[int, Ticks], expected: list[tuple[str, str]]
) -> None:
    assert pick(find_neighbours(probe(loops_ns, IDLE[0], after)), "neighbours") == expected


def test_without_a_probe_neighbours_are_unknown() -> None:
    assert pick(find_neighbours(None), "neighbours") == [("unknown", "not_probed")]


def test_the_probes_own_work_is_not_taken_for_a_neighbours() -> None:
    busy = {0: [50_000_000]}
    found = probe(busy, {0: ticks(0, 0)}, {0: ticks(100, 50)})
    assert found.cpus[0].foreign_ratio == 0.0


def test_findings_name_the_cpus_and_the_worst_of_them() -> None:
    cpu = ProbedCpu(cpu=0, steal_ratio=0.0, foreign_ratio=0.0, median_ns=10, best_ns=10, spread_ratio=0.0)
    others = [
        ProbedCpu(cpu=number, steal_ratio=share, foreign_ratio=0.0, median_ns=10, best_ns=10, spread_ratio=0.0)
        for number, share in ((1, 0.1), (2, 0.2))
    ]
    (finding,) = find_neighbours(NeighbourProbe(elapsed_s=1.0, rounds=5, cpus=(cpu, *others)))
    assert finding.reason.values == {"cpus": "1-2", "worst_ratio": "0.200"}
    assert finding.cost is not None
    assert finding.cost.high_ratio == pytest.approx(0.25)
