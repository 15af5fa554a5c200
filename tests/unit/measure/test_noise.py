from pathlib import Path

import pytest

from bench.measure.noise import compare_counters, read_counters, read_frequency_hz, watched

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


def test_the_ledger_says_what_happened_on_the_bound_cpus(tmp_path: Path) -> None:
    write_moment(tmp_path, user=100, idle=800, steal=0, own=50, faults=1, switches=3)
    since = watched("0", tmp_path)
    write_moment(tmp_path, user=190, idle=804, steal=6, own=130, faults=3, switches=8)
    noise = since()
    assert noise.steal_ratio == pytest.approx(0.06)
    assert noise.foreign_ratio == pytest.approx(0.10)
    assert (noise.major_faults, noise.involuntary_switches) == (2, 5)


def test_what_is_not_shown_is_none_and_never_zero(tmp_path: Path) -> None:
    noise = watched("0", tmp_path)()
    assert {getattr(noise, field) for field in noise.__struct_fields__} == {None}


def test_a_cpu_that_is_not_listed_makes_the_share_unknown(tmp_path: Path) -> None:
    write_moment(tmp_path, user=100, idle=800, steal=0, own=50, faults=1, switches=3)
    assert watched("0,7", tmp_path)().steal_ratio is None


def test_a_counter_that_runs_backwards_is_unknown(tmp_path: Path) -> None:
    write_moment(tmp_path, user=100, idle=800, steal=0, own=50, faults=1, switches=9)
    before = read_counters(frozenset({0}), tmp_path)
    write_moment(tmp_path, user=200, idle=800, steal=0, own=60, faults=1, switches=3)
    after = read_counters(frozenset({0}), tmp_path)
    assert compare_counters(before, after, frequency_hz=None).involuntary_switches is None


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
    noise = watched("0")()
    assert noise.major_faults is not None
    assert noise.involuntary_switches is not None
