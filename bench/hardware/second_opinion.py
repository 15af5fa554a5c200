"""archspec's name for the same CPU: recorded beside our own answer, never instead of it."""

from typing import Any

from bench.hardware.cpuinfo import CpuInfo
from bench.records.machine import Architecture


def ask_archspec(cpuinfo: CpuInfo, architecture: Architecture, isa: frozenset[str]) -> str | None:
    """Return the name that archspec gives this CPU, chosen as `archspec.cpu.host()` chooses.

    That function reads this host's `/proc/cpuinfo` only, so the choice is repeated here from its parts. archspec looks
    at vendor, part and flags, never at family and model: it calls Emerald Rapids `sapphirerapids`, and a guest that
    hides one flag a generic `x86_64_v4`.

    Returns:
        The name, or None if archspec's data cannot be read (`ARCHSPEC_CPU_DIR` may replace them).
    """
    # Loading archspec takes longer than all other detection: load it only where it is used.
    from archspec.cpu import TARGETS
    from archspec.cpu.detect import COMPATIBILITY_CHECKS, partial_uarch
    from archspec.cpu.schema import TARGETS_JSON

    try:
        part = ""
        if architecture == "x86_64":
            vendor = cpuinfo.first("vendor id") or "generic"
        else:
            implementer = cpuinfo.first("cpu implementer") or "generic"
            vendor = TARGETS_JSON["conversions"]["arm_vendors"].get(implementer, implementer)
            part = cpuinfo.first("cpu part") or ""
        facts = partial_uarch(vendor=vendor, features=set(isa), cpu_part=part)
        fits = COMPATIBILITY_CHECKS[architecture]
        candidates = [target for target in TARGETS.values() if fits(facts, target)]
        generic = max((target for target in candidates if target.vendor == "generic"), key=_rank)
        candidates = [target for target in candidates if target.cpu_part == part] or candidates
        best = max((target for target in candidates if target > generic), key=_rank, default=generic)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(best.name)


def _rank(target: Any) -> tuple[int, int]:  # noqa: ANN401 - archspec has no type hints
    """Rank a target: the deeper in archspec's tree of features, the better."""
    return len(target.ancestors), len(target.features)
