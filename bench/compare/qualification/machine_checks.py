"""Checks of hardware and environment: the machine, and its settings during the run."""

from collections.abc import Iterator

from bench.compare.qualification.check import Check
from bench.compare.qualification.reading import Reading, Unit, read_bundle, read_machine
from bench.errors import UsageError
from bench.profiles.load import load_profiles
from bench.records.qualification import SIGNATURE_CHECK
from bench.records.reason import Reason


def _read_roles(unit: Unit) -> Iterator[Reading]:
    if unit.roles is None:
        raise UsageError("the policy requires signatures; give the trust store with --trust")
    yield Reading(value=unit.roles)


def _read_profile(unit: Unit) -> Iterator[Reading]:
    """Read the profile's name, and note a file that only bears it; a later bench may have changed it, too."""
    profile = unit.contents.profile
    shipped = load_profiles().get(profile.name) == profile
    reasons = () if shipped else (Reason(code="not_shipped_profile", values={"profile": profile.name}),)
    yield Reading(value=profile.name, reasons=reasons)


HARDWARE = (
    Check("hardware.architecture", "word", read_machine("cpu.architecture", lambda c: c.machine.cpu.architecture)),
    Check("hardware.vendor", "word", read_machine("cpu.vendor", lambda c: c.machine.cpu.vendor)),
    Check("hardware.model_name", "word", read_machine("cpu.model_name", lambda c: c.machine.cpu.model_name or None)),
    Check(
        "hardware.microarchitecture",
        "word",
        read_machine("cpu.microarchitecture", lambda c: c.machine.cpu.microarchitecture),
    ),
    Check("hardware.isa", "words", read_machine("cpu.isa", lambda c: c.machine.cpu.isa)),
    Check(
        "hardware.package_count",
        "number",
        read_machine("topology.package_count", lambda c: c.machine.topology.package_count),
    ),
    Check(
        "hardware.core_count", "number", read_machine("topology.core_count", lambda c: c.machine.topology.core_count)
    ),
    Check("hardware.cpu_count", "number", read_machine("topology.cpu_count", lambda c: c.machine.topology.cpu_count)),
    Check("hardware.node_count", "number", read_machine("topology.nodes", lambda c: len(c.machine.topology.nodes))),
    Check("hardware.smt_active", "truth", read_machine("topology.smt_active", lambda c: c.machine.topology.smt_active)),
    Check(
        "hardware.total_memory_bytes",
        "number",
        read_machine("limits.total_memory_bytes", lambda c: c.machine.limits.total_memory_bytes),
        unit="bytes",
    ),
    Check(
        "hardware.bios_version",
        "word",
        read_machine("firmware.bios_version", lambda c: c.machine.firmware.bios_version),
    ),
)

ENVIRONMENT = (
    Check("environment.emulated", "truth", read_machine("cpu.emulated", lambda c: c.machine.cpu.emulated)),
    Check("environment.guest", "truth", read_bundle(lambda c: c.machine.settings.hypervisor is not None)),
    Check("environment.container", "truth", read_bundle(lambda c: c.machine.limits.container is not None)),
    Check("environment.quota", "truth", read_bundle(lambda c: c.machine.limits.cpu_quota is not None)),
    Check("environment.governor", "word", read_machine("settings.governor", lambda c: c.machine.settings.governor)),
    Check("environment.boost", "truth", read_machine("settings.boost", lambda c: c.machine.settings.boost)),
    Check(
        "environment.transparent_hugepages",
        "word",
        read_machine("settings.transparent_hugepages", lambda c: c.machine.settings.transparent_hugepages),
    ),
    Check(
        "environment.numa_balancing",
        "truth",
        read_machine("settings.numa_balancing", lambda c: c.machine.settings.numa_balancing),
    ),
    Check("environment.kernel", "word", read_machine("settings.kernel", lambda c: c.machine.settings.kernel)),
    Check("environment.microcode", "word", read_machine("settings.microcode", lambda c: c.machine.settings.microcode)),
    Check("environment.profile", "word", _read_profile),
    Check("environment.forced_profile", "truth", read_bundle(lambda c: c.plan.profile.forced)),
    Check(
        "environment.overridden_profile",
        "truth",
        read_bundle(lambda c: any(layout.overridden for layout in c.plan.layouts)),
    ),
    Check("environment.suite", "word", read_bundle(lambda c: c.plan.suite)),
    Check("environment.lock_digest", "word", read_bundle(lambda c: c.environment.lock_digest)),
    Check("environment.bench_version", "word", read_bundle(lambda c: c.info.bench_version)),
    Check("environment.source_digest", "word", read_bundle(lambda c: c.environment.source_digest)),
    Check(SIGNATURE_CHECK, "words", _read_roles),
)
