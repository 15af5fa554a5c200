"""Recorded machines, and one whose files are made: what is found of them."""

from pathlib import Path

import pytest

from bench.doctor.diagnose import diagnose
from bench.records.diagnosis import Diagnosis
from tests.unit.doctor.findings import pick
from tests.unit.hardware.conftest import MACHINES, Compose, Unpack

OF_THIS_HOST_ONLY = {"openmp", "allocator", "compiler", "docker", "results_folder"}
CPU = "sys/devices/system/cpu"
NOISY = {
    "proc/cpuinfo": "processor : 0\nvendor_id : GenuineIntel\ncpu family : 6\nmodel : 143\nflags : avx512f hypervisor\n",
    f"{CPU}/online": "0\n",
    f"{CPU}/cpu0/cpufreq/scaling_governor": "powersave\n",
    f"{CPU}/cpu0/cpufreq/scaling_driver": "acpi-cpufreq\n",
    f"{CPU}/cpufreq/boost": "1\n",
    "sys/kernel/mm/transparent_hugepage/enabled": "always madvise [never]\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet\n",
    "sys/bus/event_source/devices/software/type": "1\n",
    "proc/sys/kernel/randomize_va_space": "0\n",
    "proc/sys/kernel/perf_event_paranoid": "2\n",
    "proc/loadavg": "3.50 1.00 0.50 4/100 77\n",
    "proc/meminfo": "MemTotal: 4194304 kB\nMemAvailable: 1048576 kB\nSwapTotal: 1000 kB\nSwapFree: 400 kB\n",
    "proc/self/timerslack_ns": "50000\n",
    "proc/self/personality": "00000000\n",
    "proc/self/cgroup": "0::/a\n",
    "proc/self/mountinfo": "30 20 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
    "sys/fs/cgroup/a/pids.max": "8\n",
    "sys/fs/cgroup/a/cpu.max": "50000 100000\n",
    "proc/self/limits": (
        "Limit                     Soft Limit           Hard Limit           Units\n"
        "Max processes             93985                93985                processes\n"
        "Max open files            64                   524288               files\n"
        "Max address space         4096000000           unlimited            bytes\n"
    ),
}


def look_at(root: Path) -> Diagnosis:
    return diagnose(root, probe_s=10.0, output=Path("results"))


def test_everything_of_a_noisy_machine_is_found(compose: Compose) -> None:
    found = [(finding.subject, finding.reason.code) for finding in look_at(compose(NOISY)).findings]
    assert found == [
        ("emulation", "not_emulated"),
        ("governor", "governor_lowest"),
        ("boost", "boost_on"),
        ("smt", "not_shown"),
        ("huge_pages", "huge_pages_never"),
        ("numa_balancing", "not_shown"),
        ("aslr", "aslr_off"),
        ("clock", "clock_slow"),
        ("timer_slack", "timer_slack_default"),
        ("hypervisor", "guest"),
        ("cpu_quota", "quota_below_cpus"),
        ("memory", "memory_short"),
        ("swap", "swap_used"),
        ("load", "load_high"),
        ("limits", "threads_limited"),
        ("limits", "open_files_limited"),
        ("limits", "address_space_limited"),
        ("perf_counters", "cpu_counters_absent"),
        ("neighbours", "not_probed"),
    ]


@pytest.mark.parametrize("name", sorted(path.name.removesuffix(".tar.gz") for path in MACHINES.glob("*.tar.gz")))
def test_of_a_recorded_machine_nothing_of_this_host_is_told(recorded: Unpack, name: str) -> None:
    diagnosis = look_at(recorded(name))
    assert diagnosis.probe is None
    assert not OF_THIS_HOST_ONLY & {finding.subject for finding in diagnosis.findings}
    assert pick(diagnosis.findings, "neighbours") == [("unknown", "not_probed")]
    # No recording holds the limits of a process or the clock.
    assert pick(diagnosis.findings, "limits") == [("unknown", "not_shown")]


@pytest.mark.parametrize(
    ("name", "subject", "expected"),
    [
        ("nto-icelake-guest", "hypervisor", ("scatter", "guest")),
        ("nto-xeon-6330", "smt", ("scatter", "smt_on")),
        ("hwloc-xeon-6230-mod4", "hypervisor", ("fine", "no_guest")),
        ("qemu-max-smt-offline", "emulation", ("slow", "emulated")),
        ("qemu-neoverse-n1", "hypervisor", ("unknown", "guest_not_shown")),
        ("hwloc-kunpeng-920", "governor", ("unknown", "not_shown")),
    ],
)
def test_recorded_machines(recorded: Unpack, name: str, subject: str, expected: tuple[str, str]) -> None:
    assert pick(look_at(recorded(name)).findings, subject) == [expected]
