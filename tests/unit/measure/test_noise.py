import os
from pathlib import Path

import pytest

from bench.measure.counters import read_counters, read_frequency_hz
from bench.measure.noise import Clocks, NoiseLedger, compare_counters, find_stalled_s
from bench.records.measurement import Noise
from tests.builders import make_samples

STAT = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 {u} 0 10 {i} 0 0 0 {s} 0 0\ncpu1 100 0 10 800 0 0 0 0 0 0\nintr 5\n"
OWN = "42 (python (x) y) S 1 1 1 0 -1 4194560 10 0 {faults} 0 {user} {system} 0 0 20 0 1 0\n"


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


def write_moment(root: Path, *, user: int, idle: int, steal: int, own: int, faults: int, switches: int) -> None:
    write(root, "proc/stat", STAT.format(u=user, i=idle, s=steal))
    write(root, "proc/self/stat", OWN.format(faults=faults, user=own, system=0))
    write(root, "proc/self/task/42/status", f"nonvoluntary_ctxt_switches:\t{switches}\n")


class Script:
    """Clocks and a mask that a test sets; nothing moves by itself."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.asleep_ns = 0
        self.process_ns = 0
        self.allowed = {0, 1}

    def clocks(self) -> Clocks:
        return Clocks(
            monotonic_ns=lambda: self.now_ns,
            boottime_ns=lambda: self.now_ns + self.asleep_ns,
            process_ns=lambda: self.process_ns,
            allowed_cpus=lambda: self.allowed,
        )


def watch(root: Path, cpus: str = "0") -> NoiseLedger:
    return NoiseLedger(cpus, root=root, clocks=Script().clocks())


def test_the_ledger_says_what_happened_on_the_bound_cpus(tmp_path: Path) -> None:
    write_moment(tmp_path, user=100, idle=800, steal=0, own=50, faults=1, switches=3)
    ledger = watch(tmp_path)
    write_moment(tmp_path, user=190, idle=804, steal=6, own=130, faults=3, switches=8)
    noise = ledger.finish(())
    assert noise.steal_ratio == pytest.approx(0.06)
    assert noise.foreign_ratio == pytest.approx(0.10)
    assert (noise.major_faults, noise.involuntary_switches) == (2, 5)


def test_what_is_not_shown_is_none_and_never_zero(tmp_path: Path) -> None:
    noise = watch(tmp_path).finish(())
    shown = {field for field in noise.__struct_fields__ if getattr(noise, field) is not None}
    assert shown == {"affinity_changes", "suspended_s"}  # which no file is needed for


def test_a_cpu_that_is_not_listed_makes_the_share_unknown(tmp_path: Path) -> None:
    write_moment(tmp_path, user=100, idle=800, steal=0, own=50, faults=1, switches=3)
    assert watch(tmp_path, "0,7").finish(()).steal_ratio is None


def test_a_counter_that_runs_backwards_is_unknown(tmp_path: Path) -> None:
    write_moment(tmp_path, user=100, idle=800, steal=0, own=50, faults=1, switches=9)
    before = read_counters(frozenset({0}), tmp_path)
    write_moment(tmp_path, user=200, idle=800, steal=0, own=60, faults=1, switches=3)
    after = read_counters(frozenset({0}), tmp_path)
    assert compare_counters(before, after, wall_s=1.0, cpu_count=1).involuntary_switches is None


@pytest.mark.parametrize(
    ("groups", "folder", "stat", "expected"),
    [
        ("0::/a/b\n", "sys/fs/cgroup/a/b", "usage_usec 5\nthrottled_usec 250000\n", 0.25),
        ("0::/../x\n", "sys/fs/cgroup", "throttled_usec 1000000\n", 1.0),
        ("4:cpu,cpuacct:/d\n1:name=systemd:/d\n", "sys/fs/cgroup/cpu/d", "throttled_time 2000000000\n", 2.0),
        ("4:cpuacct,cpu:/gone\n", "sys/fs/cgroup/cpu", "throttled_time 3000000000\n", 3.0),
        ("0::/a\0b\n", "sys/fs/cgroup", "throttled_usec 1000000\n", 1.0),
        ("4:cpuset:/d\n", "sys/fs/cgroup/cpu/d", "throttled_time 2000000000\n", None),
    ],
    ids=[
        "v2",
        "v2 outside the namespace",
        "v1",
        "v1 mounted at its own root",
        "a name with a null byte",
        "no cpu controller",
    ],
)
def test_throttling_is_read_from_the_own_cgroup(
    tmp_path: Path, groups: str, folder: str, stat: str, expected: float | None
) -> None:
    write(tmp_path, "proc/self/cgroup", groups)
    write(tmp_path, f"{folder}/cpu.stat", stat)
    assert read_counters(frozenset({0}), tmp_path).throttled_s == (
        None if expected is None else pytest.approx(expected)
    )


def test_pressure_and_migrations(tmp_path: Path) -> None:
    write(tmp_path, "proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\n")
    write(tmp_path, "proc/self/sched", "se.nr_migrations                             :                   17\n")
    counters = read_counters(frozenset({0}), tmp_path)
    assert (counters.pressure_s, counters.migrations) == (1.5, 17)


def test_frequency_is_the_mean_of_the_bound_cpus(tmp_path: Path) -> None:
    write(tmp_path, "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "2000000\n")
    write(tmp_path, "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "3000000\n")
    write(tmp_path, "sys/devices/system/cpu/cpu2/cpufreq/scaling_cur_freq", "<unknown>\n")
    assert read_frequency_hz(frozenset({0, 1, 2}), tmp_path) == 2_500_000_000
    assert read_frequency_hz(frozenset({2}), tmp_path) is None


def test_this_process_has_a_ledger_on_the_real_machine() -> None:
    noise = NoiseLedger("0").finish(())
    assert noise.major_faults is not None
    assert noise.involuntary_switches is not None


def test_a_quota_of_a_group_above_counts_and_a_group_without_one_does_not(tmp_path: Path) -> None:
    write(tmp_path, "proc/self/cgroup", "0::/slice/pod/own\n")
    for group, quota, microseconds in (
        ("", "", 1),
        ("slice", "max 100000", 10),
        ("slice/pod", "150000 100000", 500000),
        ("slice/pod/own", "max 100000", 0),
    ):
        write(tmp_path, f"sys/fs/cgroup/{group}/cpu.stat", f"throttled_usec {microseconds}\n")
        if quota:
            write(tmp_path, f"sys/fs/cgroup/{group}/cpu.max", f"{quota}\n")
    assert read_counters(frozenset({0}), tmp_path).throttled_s == 0.5


def write_siblings(root: Path, busy: int) -> None:
    write(root, "proc/stat", f"cpu0 0 0 0 0 0 0 0 0 0 0\ncpu1 {busy} 0 0 {100 - busy} 0 0 0 0 0 0\n")
    for cpu in (0, 1):
        write(root, f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list", "0-1\n")


@pytest.mark.parametrize(("layout_cpus", "expected"), [("0", 0.4), ("0-1", 0.0)], ids=["others'", "the layout's own"])
def test_load_on_a_sibling_thread_is_foreign_unless_it_is_the_layouts(
    tmp_path: Path, layout_cpus: str, expected: float
) -> None:
    write_siblings(tmp_path, 0)
    write(tmp_path, "proc/stat", "cpu0 0 0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\n")
    ledger = NoiseLedger("0", layout_cpus=layout_cpus, root=tmp_path, clocks=Script().clocks())
    write_siblings(tmp_path, 40)
    assert ledger.finish(()).sibling_ratio == pytest.approx(expected)


def test_throttling_for_heat_is_the_longest_of_cores_and_packages(tmp_path: Path) -> None:
    for cpu, unit, milliseconds in ((0, "core", 100), (0, "package", 700), (1, "core", 200)):
        name = f"sys/devices/system/cpu/cpu{cpu}/thermal_throttle/{unit}_throttle_total_time_ms"
        write(tmp_path, name, f"{milliseconds}\n")
    assert read_counters(frozenset({0, 1}), tmp_path).thermal_throttled_s == 0.7


def run_samples(ledger: NoiseLedger, script: Script, *, elapsed_ms: list[int], used_ms: list[int]) -> Noise:
    for elapsed, used in zip(elapsed_ms, used_ms, strict=True):
        script.now_ns += elapsed * 1_000_000
        script.process_ns += used * 1_000_000
        ledger.after_sample()
    return ledger.finish(make_samples([elapsed / 1000 for elapsed in elapsed_ms]))


def test_a_process_that_was_stopped_within_a_sample_shows_by_its_processor_time(tmp_path: Path) -> None:
    script = Script()
    ledger = NoiseLedger("0-1", root=tmp_path, clocks=script.clocks())
    noise = run_samples(ledger, script, elapsed_ms=[212, 210, 7500, 211, 212], used_ms=[420, 420, 424, 420, 420])
    assert noise.stalled_s == pytest.approx(7.5 - 0.212, abs=0.01)


def test_a_pause_between_two_samples_shows_as_well() -> None:
    early, late = make_samples([0.1]), make_samples([0.1], start_ns=1_600_000_000)
    assert find_stalled_s([*early, *late], [0, 100_000_000, 200_000_000]) == 1.5


def test_parallelism_that_changes_a_little_is_no_pause(tmp_path: Path) -> None:
    script = Script()
    ledger = NoiseLedger("0-1", root=tmp_path, clocks=script.clocks())
    noise = run_samples(ledger, script, elapsed_ms=[100, 110, 90, 105], used_ms=[200, 170, 180, 160])
    assert noise.stalled_s == 0.0


@pytest.mark.parametrize(("longest_ms", "stalled_s"), [(20, 0.0), (520, 0.5)], ids=["undisturbed", "stopped"])
def test_a_workload_that_waits_for_a_clock_is_paused_only_where_it_takes_longer(
    longest_ms: int, stalled_s: float, tmp_path: Path
) -> None:
    script = Script()
    ledger = NoiseLedger("0-1", root=tmp_path, clocks=script.clocks())
    noise = run_samples(ledger, script, elapsed_ms=[20, 20, longest_ms, 20, 20], used_ms=[4, 1, 4, 4, 4])
    assert noise.stalled_s == pytest.approx(stalled_s)


def test_processor_time_that_was_not_read_after_each_sample_gives_no_stall() -> None:
    assert find_stalled_s(make_samples([0.1, 0.1]), [0, 5]) is None
    assert find_stalled_s(make_samples([0.1, 0.1]), [0, 0, 0]) is None


def test_sleep_of_the_host_shows_by_its_clocks(tmp_path: Path) -> None:
    script = Script()
    ledger = NoiseLedger("0", root=tmp_path, clocks=script.clocks())
    script.asleep_ns = 3_000_000_000
    assert ledger.finish(()).suspended_s == 3.0


def test_time_that_the_cpus_do_not_account_for_shows(tmp_path: Path) -> None:
    script = Script()
    write_moment(tmp_path, user=100, idle=800, steal=0, own=50, faults=1, switches=3)
    ledger = NoiseLedger("0", root=tmp_path, clocks=script.clocks())
    write_moment(tmp_path, user=150, idle=800, steal=0, own=50, faults=1, switches=3)
    script.now_ns = 7_500_000_000
    ticks_s = 50 / os.sysconf("SC_CLK_TCK")
    assert ledger.finish(()).unaccounted_s == pytest.approx(7.5 - ticks_s)


def test_cpus_that_were_taken_away_and_given_back_within_a_repetition_show(tmp_path: Path) -> None:
    script = Script()
    ledger = NoiseLedger("0-1", root=tmp_path, clocks=script.clocks())
    for allowed in ({0, 1}, {0}, {0, 1}, {0, 1}):
        script.allowed = allowed
        ledger.after_sample()
    assert ledger.finish(()).affinity_changes == 2


def test_frequency_is_read_now_and_then_at_ends_of_samples(tmp_path: Path) -> None:
    script = Script()
    name = "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq"
    ledger = NoiseLedger("0", root=tmp_path, clocks=script.clocks())
    for kilohertz in (3_000_000, 1_000_000, 2_000_000):
        write(tmp_path, name, f"{kilohertz}\n")
        script.now_ns += 200_000_000
        ledger.after_sample()
    noise = ledger.finish(())
    assert (noise.frequency_hz, noise.frequency_min_hz) == (1_500_000_000, 1_000_000_000)


def test_a_stand_in_for_proc_stat_says_nothing_of_the_bound_cpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lxcfs numbers a container's CPUs from 0: what it calls cpu0 may be any CPU."""
    write_moment(tmp_path, user=100, idle=800, steal=0, own=50, faults=1, switches=3)
    assert read_counters(frozenset({0}), tmp_path).cpu_ticks is not None
    stat = Path.stat

    def mounted_over(path: Path, **options: bool) -> os.stat_result:
        found = stat(path, **options)
        return os.stat_result((*found[:2], found.st_dev + 1, *found[3:])) if path.name == "stat" else found

    monkeypatch.setattr(Path, "stat", mounted_over)
    counters = read_counters(frozenset({0}), tmp_path)
    assert (counters.cpu_ticks, counters.idle_ticks, counters.steal_ticks) == (None, None, None)
    assert counters.own_ticks == 50
    noise = watch(tmp_path).finish(())
    assert (noise.steal_ratio, noise.foreign_ratio, noise.unaccounted_s) == (None, None, None)
