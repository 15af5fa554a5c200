import msgspec
import pytest

from bench.doctor.capacity import NEEDED_MEMORY_BYTES, find_capacity
from bench.hardware.readings import ProcessLimits
from bench.records.machine import Machine
from tests.unit.doctor.findings import NOTHING_READ, QUIET, READINGS, change, pick


def limits(**values: object) -> Machine:
    return change(QUIET, "limits", **values)


@pytest.mark.parametrize(
    ("machine", "subject", "severity", "code"),
    [
        pytest.param(limits(cpu_quota=1.5), "cpu_quota", "slow", "quota_below_cpus", id="a quota below the CPUs"),
        pytest.param(limits(cpu_quota=2.0), "cpu_quota", "scatter", "quota_reached", id="a quota of all CPUs"),
        pytest.param(limits(cpu_quota=None), "cpu_quota", "fine", "no_quota", id="no quota"),
        pytest.param(limits(cgroup_version=0), "cpu_quota", "unknown", "not_shown", id="no control groups"),
        pytest.param(limits(memory_bytes=1 << 30), "memory", "missing", "memory_short", id="a memory limit"),
        pytest.param(QUIET, "memory", "fine", "memory_enough", id="memory enough"),
    ],
)
def test_finds_a_limit_of_the_machine(machine: Machine, subject: str, severity: str, code: str) -> None:
    assert pick(find_capacity(machine, READINGS), subject) == [(severity, code)]


@pytest.mark.parametrize(
    ("subject", "values", "severity", "code"),
    [
        pytest.param("memory", {"available_memory_bytes": NEEDED_MEMORY_BYTES - 1}, "missing", "memory_short", id="little memory"),
        pytest.param("swap", {"swap_bytes": 2 << 30, "used_swap_bytes": 4096}, "scatter", "swap_used", id="swapped out"),
        pytest.param("swap", {"swap_bytes": 2 << 30}, "fine", "swap_unused", id="swap unused"),
        pytest.param("swap", {}, "fine", "no_swap", id="no swap"),
        pytest.param("load", {"load_1min": 0.21}, "scatter", "load_high", id="a load over a tenth of the CPUs"),
        pytest.param("load", {"load_1min": 0.2}, "fine", "load_low", id="a load of a tenth of the CPUs"),
        pytest.param("limits", {"limits": ProcessLimits(threads=39)}, "missing", "threads_limited", id="few threads"),
        pytest.param("limits", {"limits": ProcessLimits(threads=40)}, "fine", "limits_enough", id="threads enough"),
        pytest.param("limits", {"limits": ProcessLimits(open_files=255)}, "missing", "open_files_limited", id="few open files"),
        pytest.param("limits", {"limits": ProcessLimits(address_space_bytes=1 << 32)}, "missing", "address_space_limited", id="ulimit -v"),
        pytest.param("perf_counters", {"cpu_counters": False}, "missing", "cpu_counters_absent", id="no counters"),
        pytest.param("perf_counters", {"perf_event_paranoid": 3}, "missing", "perf_forbidden", id="counters forbidden"),
        pytest.param("perf_counters", {}, "fine", "perf_allowed", id="counters allowed"),
        pytest.param("perf_counters", {"perf_event_paranoid": None}, "unknown", "not_shown", id="permission not shown"),
    ],
)  # fmt: skip
def test_finds_what_was_read(subject: str, values: dict[str, object], severity: str, code: str) -> None:
    readings = msgspec.structs.replace(READINGS, **values)
    assert pick(find_capacity(QUIET, readings), subject) == [(severity, code)]


def test_each_limit_that_is_too_low_is_a_finding() -> None:
    readings = msgspec.structs.replace(READINGS, limits=ProcessLimits(threads=1, open_files=1))
    assert [code for _, code in pick(find_capacity(QUIET, readings), "limits")] == [
        "threads_limited",
        "open_files_limited",
    ]


def test_what_is_not_shown_is_never_fine() -> None:
    machine = change(QUIET, "limits", cgroup_version=0)
    assert {finding.severity for finding in find_capacity(machine, NOTHING_READ)} == {"unknown"}
