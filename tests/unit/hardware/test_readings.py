from pathlib import Path

import pytest

from bench.hardware.readings import ProcessLimits, read_process_limits, read_readings
from bench.hardware.tree import Tree
from tests.unit.hardware.conftest import Compose

LIMITS = """Limit                     Soft Limit           Hard Limit           Units
Max address space         unlimited            unlimited            bytes
Max processes             {processes}                93985                processes
Max open files            1024                 524288               files
"""
GROUPS = {
    "proc/self/cgroup": "0::/a/b\n",
    "proc/self/mountinfo": "30 20 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
}
COUNTERS = "sys/bus/event_source/devices"


def test_what_the_kernel_does_not_show_is_none(tmp_path: Path) -> None:
    readings = read_readings(Tree(tmp_path))
    assert {getattr(readings, name) for name in readings.__struct_fields__} == {None, False, ProcessLimits()}
    assert readings.limits_shown is False


@pytest.mark.parametrize(
    ("field", "files", "value"),
    [
        ("clocksource", {"sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n"}, "tsc"),
        ("timer_slack_ns", {"proc/self/timerslack_ns": "50000\n"}, 50_000),
        ("personality", {"proc/self/personality": "00040000\n"}, 0x40000),
        ("personality", {"proc/self/personality": "nonsense\n"}, None),
        ("cpu_counters", {f"{COUNTERS}/cpu/type": "4\n"}, True),
        ("cpu_counters", {f"{COUNTERS}/cpu_core/type": "4\n"}, True),
        ("cpu_counters", {f"{COUNTERS}/armv8_pmuv3_0/type": "8\n"}, True),
        ("cpu_counters", {f"{COUNTERS}/software/type": "1\n"}, False),
        ("perf_event_paranoid", {"proc/sys/kernel/perf_event_paranoid": "-1\n"}, -1),
        ("load_1min", {"proc/loadavg": "8.28 7.79 5.50 14/194 29098\n"}, 8.28),
        ("load_1min", {"proc/loadavg": "many\n"}, None),
        ("available_memory_bytes", {"proc/meminfo": "MemTotal: 9 kB\nMemAvailable:   8 kB\n"}, 8192),
        ("swap_bytes", {"proc/meminfo": "SwapTotal: 4 kB\nSwapFree: 1 kB\n"}, 4096),
        ("used_swap_bytes", {"proc/meminfo": "SwapTotal: 4 kB\nSwapFree: 1 kB\n"}, 3072),
        ("used_swap_bytes", {"proc/meminfo": "SwapTotal: 4 kB\n"}, None),
        ("limits_shown", {"proc/self/limits": LIMITS.format(processes="unlimited")}, True),
    ],
)
def test_reads_a_value(compose: Compose, field: str, files: dict[str, str], value: object) -> None:
    assert getattr(read_readings(Tree(compose(files))), field) == value


@pytest.mark.parametrize(
    ("field", "files", "value"),
    [
        ("threads", {"proc/self/limits": LIMITS.format(processes="unlimited")}, None),
        ("threads", {"proc/self/limits": LIMITS.format(processes=100)}, 100),
        ("open_files", {"proc/self/limits": LIMITS.format(processes=100)}, 1024),
        ("address_space_bytes", {"proc/self/limits": LIMITS.format(processes=100)}, None),
        ("threads", {**GROUPS, "sys/fs/cgroup/a/b/pids.max": "max\n", "sys/fs/cgroup/a/pids.max": "32\n"}, 32),
        (
            "threads",
            {**GROUPS, "sys/fs/cgroup/a/b/pids.max": "64\n", "proc/self/limits": LIMITS.format(processes=16)},
            16,
        ),
        ("threads", {**GROUPS, "sys/fs/cgroup/a/b/pids.max": "-1\n"}, None),
    ],
)
def test_reads_a_limit(compose: Compose, field: str, files: dict[str, str], value: int | None) -> None:
    assert getattr(read_process_limits(Tree(compose(files))), field) == value
