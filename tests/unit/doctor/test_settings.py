import msgspec
import pytest

from bench.doctor.settings import find_settings
from bench.records.machine import Machine, Node
from tests.builders import make_reason
from tests.unit.doctor.findings import NOTHING_READ, QUIET, READINGS, change, pick

NODES = tuple(Node(id=node, cpus=str(node), memory_bytes=1 << 30) for node in (0, 1))
TWO_NODES = change(QUIET, "topology", nodes=NODES)


def settings(**values: object) -> Machine:
    return change(QUIET, "settings", **values)


@pytest.mark.parametrize(
    ("machine", "subject", "severity", "code"),
    [
        pytest.param(change(QUIET, "cpu", emulated=True), "emulation", "slow", "emulated", id="emulated"),
        pytest.param(QUIET, "emulation", "fine", "not_emulated", id="not emulated"),
        pytest.param(QUIET, "governor", "fine", "governor_performance", id="performance"),
        pytest.param(settings(governor="powersave", frequency_driver="acpi-cpufreq"), "governor", "slow", "governor_lowest", id="powersave holds the lowest frequency"),
        pytest.param(settings(governor="powersave", frequency_driver="intel_pstate"), "governor", "scatter", "governor_scales", id="powersave that follows the load"),
        pytest.param(settings(governor="performance,schedutil"), "governor", "scatter", "governor_scales", id="governors that differ"),
        pytest.param(settings(governor=None), "governor", "unknown", "not_shown", id="no governor"),
        pytest.param(settings(boost=True), "boost", "scatter", "boost_on", id="boost on"),
        pytest.param(settings(boost=False), "boost", "slow", "boost_off", id="boost off"),
        pytest.param(settings(boost=None), "boost", "unknown", "not_shown", id="no boost"),
        pytest.param(change(QUIET, "topology", smt_active=True), "smt", "scatter", "smt_on", id="SMT on"),
        pytest.param(QUIET, "smt", "fine", "smt_off", id="SMT off"),
        pytest.param(settings(hypervisor="kvm"), "smt", "unknown", "smt_of_host_hidden", id="SMT in a guest"),
        pytest.param(msgspec.structs.replace(QUIET, missing=(make_reason("topology_assumed"),)), "smt", "unknown", "not_shown", id="SMT without a topology"),
        pytest.param(settings(transparent_hugepages="never"), "huge_pages", "slow", "huge_pages_never", id="no huge pages"),
        pytest.param(settings(transparent_hugepages="always"), "huge_pages", "scatter", "huge_pages_always", id="huge pages always"),
        pytest.param(settings(transparent_hugepages="madvise"), "huge_pages", "fine", "huge_pages_on_request", id="huge pages on request"),
        pytest.param(settings(transparent_hugepages=None), "huge_pages", "unknown", "not_shown", id="huge pages not shown"),
        pytest.param(change(TWO_NODES, "settings", numa_balancing=True), "numa_balancing", "scatter", "numa_balancing_on", id="balancing of two nodes"),
        pytest.param(settings(numa_balancing=True), "numa_balancing", "fine", "numa_single_node", id="balancing of one node"),
        pytest.param(TWO_NODES, "numa_balancing", "fine", "numa_balancing_off", id="balancing off"),
        pytest.param(settings(numa_balancing=None), "numa_balancing", "unknown", "not_shown", id="balancing not shown"),
        pytest.param(settings(aslr=0), "aslr", "scatter", "aslr_off", id="ASLR off"),
        pytest.param(settings(aslr=2), "aslr", "fine", "aslr_on", id="ASLR on"),
        pytest.param(settings(aslr=None), "aslr", "unknown", "not_shown", id="ASLR not shown"),
        pytest.param(settings(hypervisor="kvm"), "hypervisor", "scatter", "guest", id="a guest"),
        pytest.param(QUIET, "hypervisor", "fine", "no_guest", id="no guest"),
        pytest.param(change(QUIET, "cpu", architecture="aarch64"), "hypervisor", "unknown", "guest_not_shown", id="Arm need not show its hypervisor"),
        pytest.param(change(QUIET, "cpu", isa=()), "hypervisor", "unknown", "guest_not_shown", id="no CPU flags"),
    ],
)  # fmt: skip
def test_finds_a_setting_of_the_machine(machine: Machine, subject: str, severity: str, code: str) -> None:
    assert pick(find_settings(machine, READINGS), subject) == [(severity, code)]


@pytest.mark.parametrize(
    ("subject", "values", "severity", "code"),
    [
        pytest.param("aslr", {"personality": 0x40000}, "scatter", "aslr_off_here", id="ASLR off for the process"),
        pytest.param("clock", {"clocksource": "hpet"}, "slow", "clock_slow", id="a slow clock"),
        pytest.param("clock", {"clocksource": "kvm-clock"}, "fine", "clock_fast", id="a fast clock"),
        pytest.param("clock", {"clocksource": None}, "unknown", "not_shown", id="no clock shown"),
        pytest.param(
            "timer_slack", {"timer_slack_ns": 1}, "fine", "timer_slack_changed", id="slack that workers reset"
        ),
        pytest.param("timer_slack", {}, "fine", "timer_slack_default", id="the default slack"),
        pytest.param("timer_slack", {"timer_slack_ns": None}, "unknown", "not_shown", id="no slack shown"),
    ],
)
def test_finds_a_setting_that_was_read(subject: str, values: dict[str, object], severity: str, code: str) -> None:
    readings = msgspec.structs.replace(READINGS, **values)
    assert pick(find_settings(QUIET, readings), subject) == [(severity, code)]


def test_what_is_not_shown_is_never_fine() -> None:
    machine = change(
        change(QUIET, "cpu", isa=()),
        "settings",
        **dict.fromkeys(("governor", "boost", "transparent_hugepages", "numa_balancing", "aslr")),
    )
    machine = msgspec.structs.replace(machine, missing=(make_reason("topology_assumed"),))
    found = {finding.subject: finding.severity for finding in find_settings(machine, NOTHING_READ)}
    assert found.pop("emulation") == "fine"
    assert set(found.values()) == {"unknown"}


def test_costs_are_of_the_measured_figures_and_else_unknown() -> None:
    costs = {finding.subject: finding.cost for finding in find_settings(settings(hypervisor="kvm"), READINGS)}
    known = {subject: cost for subject, cost in costs.items() if cost is not None}
    assert set(known) == {"aslr", "hypervisor"}
    assert known["aslr"].high_ratio == pytest.approx(1 / 0.58 - 1, abs=0.005)
    assert all(cost.source.startswith("tests/benchmarks/README.md: ") for cost in known.values())
