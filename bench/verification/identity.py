"""Check that a CPU's name follows from its numbers, by the tables of this bench."""

from bench.errors import BundleError
from bench.hardware.microarchitectures import ARM_IMPLEMENTERS, ARM_PARTS, find_x86
from bench.profiles.check import find_contradiction
from bench.records.machine import Cpu
from bench.records.profile import Match


def check_identity(cpu: Cpu) -> None:
    """Refuse a microarchitecture that is not the one of the CPU's numbers, and flags of another architecture.

    Raises:
        BundleError: says what contradicts what.
    """
    vendor = None if cpu.vendor == "unknown" else cpu.vendor
    match = Match(architecture=cpu.architecture, vendor=vendor, microarchitecture=(cpu.microarchitecture,), isa=cpu.isa)
    contradiction = find_contradiction(match)
    if contradiction is not None:
        raise BundleError(f"machine.json contradicts itself: {contradiction[1]}")
    if cpu.confidence != "identified":
        return
    named = _name(cpu)
    if named is not None and named != cpu.microarchitecture:
        raise BundleError(f"machine.json: the CPU's numbers are those of {named}, it is called {cpu.microarchitecture}")


def _name(cpu: Cpu) -> str | None:
    """Return what the tables call a CPU of these numbers; None where it has none, or the tables do not hold it."""
    if cpu.architecture == "x86_64":
        if cpu.family is None or cpu.model is None:
            return None
        return find_x86(cpu.vendor, cpu.family, cpu.model, cpu.stepping, frozenset(cpu.isa))
    if cpu.implementer is None or cpu.part is None:
        return None
    known = ARM_IMPLEMENTERS.get(cpu.implementer, cpu.vendor)
    if known != cpu.vendor:
        raise BundleError(f"machine.json: implementer {cpu.implementer:#x} is {known}, the vendor {cpu.vendor}")
    return ARM_PARTS.get((cpu.implementer, cpu.part))
