"""Findings about settings of the kernel and the firmware.

Sources: Linux `Documentation/admin-guide/pm/cpufreq.rst`, `pm/intel_pstate.rst`, `pm/amd-pstate.rst`, `mm/transhuge.rst`
and `sysctl/kernel.rst` ("If the target workload is already bound to NUMA nodes then this feature should be disabled").
What governors, SMT, huge pages and NUMA balancing cost a workload of torch is not known without measuring it.
"""

from collections.abc import Iterator
from typing import Final

from bench.doctor.finding import ASLR_COST, GUEST_COST, make_finding, make_unknown
from bench.hardware.readings import Readings
from bench.records.diagnosis import Finding
from bench.records.machine import Machine

_ADDR_NO_RANDOMIZE: Final = 0x40000
"""Linux include/uapi/linux/personality.h."""

_SCALING_DRIVERS: Final = frozenset({"intel_pstate", "amd-pstate-epp"})
"""In these drivers `powersave` follows the load; in all others it holds the lowest frequency."""

_FAST_CLOCKS: Final = frozenset({"tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_tsc_page"})
"""Clocks that a program reads without a system call (Linux, `vdso_clock_mode` of each clock source)."""

DEFAULT_TIMER_SLACK_NS: Final = 50_000
"""Linux init/init_task.c."""


def find_settings(machine: Machine, readings: Readings) -> Iterator[Finding]:
    """Yield a finding about each setting."""
    yield _find_emulation(machine)
    yield _find_governor(machine)
    yield _find_boost(machine)
    yield _find_smt(machine)
    yield _find_huge_pages(machine)
    yield _find_numa_balancing(machine)
    yield _find_aslr(machine, readings)
    yield _find_clock(readings)
    yield _find_timer_slack(readings)
    yield _find_hypervisor(machine)


def _find_emulation(machine: Machine) -> Finding:
    if machine.cpu.emulated:
        return make_finding("emulation", "slow", "emulated", architecture=machine.cpu.architecture)
    return make_finding("emulation", "fine", "not_emulated", architecture=machine.cpu.architecture)


def _find_governor(machine: Machine) -> Finding:
    governor, driver = machine.settings.governor, machine.settings.frequency_driver
    if governor is None:
        return make_unknown("governor", "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor")
    names = set(governor.split(","))
    if names == {"performance"}:
        return make_finding("governor", "fine", "governor_performance")
    values = {"governor": governor, "driver": driver or "unknown"}
    if "powersave" in names and driver not in _SCALING_DRIVERS:
        return make_finding("governor", "slow", "governor_lowest", **values)
    return make_finding("governor", "scatter", "governor_scales", **values)


def _find_boost(machine: Machine) -> Finding:
    match machine.settings.boost:
        case None:
            return make_unknown("boost", "/sys/devices/system/cpu/cpufreq/boost or intel_pstate/no_turbo")
        case True:
            return make_finding("boost", "scatter", "boost_on")
        case False:
            return make_finding("boost", "slow", "boost_off")


def _find_smt(machine: Machine) -> Finding:
    topology = machine.topology
    if topology.smt_active:
        return make_finding("smt", "scatter", "smt_on", cores=str(topology.core_count), cpus=str(topology.cpu_count))
    if any(reason.code == "topology_assumed" for reason in machine.missing):
        return make_unknown("smt", "/sys/devices/system/cpu/cpu*/topology")
    if machine.settings.hypervisor is not None:
        return make_finding("smt", "unknown", "smt_of_host_hidden", hypervisor=machine.settings.hypervisor)
    return make_finding("smt", "fine", "smt_off")


def _find_huge_pages(machine: Machine) -> Finding:
    match machine.settings.transparent_hugepages:
        case None:
            return make_unknown("huge_pages", "/sys/kernel/mm/transparent_hugepage/enabled")
        case "never":
            return make_finding("huge_pages", "slow", "huge_pages_never")
        case "always":
            return make_finding("huge_pages", "scatter", "huge_pages_always")
        case other:
            return make_finding("huge_pages", "fine", "huge_pages_on_request", mode=other)


def _find_numa_balancing(machine: Machine) -> Finding:
    balancing, nodes = machine.settings.numa_balancing, machine.topology.nodes
    if balancing is False:
        return make_finding("numa_balancing", "fine", "numa_balancing_off")
    if balancing is None:
        return make_unknown("numa_balancing", "/proc/sys/kernel/numa_balancing")
    if len(nodes) == 1:
        return make_finding("numa_balancing", "fine", "numa_single_node")
    return make_finding("numa_balancing", "scatter", "numa_balancing_on", nodes=str(len(nodes)) if nodes else "unknown")


def _find_aslr(machine: Machine, readings: Readings) -> Finding:
    if readings.personality is not None and readings.personality & _ADDR_NO_RANDOMIZE:
        return make_finding("aslr", "scatter", "aslr_off_here")
    if machine.settings.aslr is None:
        return make_unknown("aslr", "/proc/sys/kernel/randomize_va_space")
    if machine.settings.aslr == 0:
        return make_finding("aslr", "scatter", "aslr_off")
    return make_finding("aslr", "fine", "aslr_on", ASLR_COST)


def _find_clock(readings: Readings) -> Finding:
    name = readings.clocksource
    if name is None:
        return make_unknown("clock", "/sys/devices/system/clocksource/clocksource0/current_clocksource")
    if name in _FAST_CLOCKS:
        return make_finding("clock", "fine", "clock_fast", clock=name)
    return make_finding("clock", "slow", "clock_slow", clock=name)


def _find_timer_slack(readings: Readings) -> Finding:
    slack = readings.timer_slack_ns
    if slack is None:
        return make_unknown("timer_slack", "/proc/self/timerslack_ns")
    code = "timer_slack_default" if slack == DEFAULT_TIMER_SLACK_NS else "timer_slack_changed"
    return make_finding("timer_slack", "fine", code, slack_ns=str(slack), default_ns=str(DEFAULT_TIMER_SLACK_NS))


def _find_hypervisor(machine: Machine) -> Finding:
    if machine.settings.hypervisor is not None:
        return make_finding("hypervisor", "scatter", "guest", GUEST_COST, hypervisor=machine.settings.hypervisor)
    if machine.cpu.architecture == "x86_64" and machine.cpu.isa:
        return make_finding("hypervisor", "fine", "no_guest")
    return make_finding("hypervisor", "unknown", "guest_not_shown", architecture=machine.cpu.architecture)
