"""Check a profile file beyond its format: whether it can ever apply, and can ever be chosen."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from bench.profiles.load import PROFILES_DIR, load_profiles, read_profile
from bench.records.machine import Architecture
from bench.records.profile import Match, Profile


class Maker(NamedTuple):
    """Who makes cores of a kind.

    Attributes:
        architecture: Of these cores.
        vendor: As CPUID names it; None on Arm, where makers license cores.
    """

    architecture: Architecture
    vendor: str | None


_INTEL = Maker("x86_64", "GenuineIntel")
_AMD = Maker("x86_64", "AuthenticAMD")
_ARM = Maker("aarch64", None)

MICROARCHITECTURES: Mapping[str, Maker] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "skylake_avx512",
                "cascadelake",
                "cooperlake",
                "icelake",
                "sapphirerapids",
                "emeraldrapids",
                "graniterapids",
                "sierraforest",
                "clearwaterforest",
            ),
            _INTEL,
        ),
        **dict.fromkeys(("zen2", "zen3", "zen4", "zen4c", "zen5", "zen5c"), _AMD),
        **dict.fromkeys(
            ("neoverse_n1", "neoverse_v1", "neoverse_n2", "neoverse_v2", "neoverse_v3", "ampere1", "ampere1a"), _ARM
        ),
    }
)
"""Microarchitectures of known makers. Conditions on other ones are not checked."""

_VENDORS: Mapping[str, Architecture] = MappingProxyType(
    {"GenuineIntel": "x86_64", "AuthenticAMD": "x86_64", "ARM": "aarch64", "Ampere": "aarch64"}
)

_FOREIGN_FLAGS: Mapping[Architecture, re.Pattern[str]] = MappingProxyType(
    {
        "x86_64": re.compile(r"sve.*|sme[0-9bfi].*|asimd.*|fphp|i8mm|bf16|atomics"),
        "aarch64": re.compile(r"pni|s?sse[0-9].*|avx.*|amx_.*|bmi[12]|fma|f16c|abm|movbe|xsave.*|popcnt|cx16|lahf_lm"),
    }
)
"""Flags that only the other architecture has, by the names in `/proc/cpuinfo`. `sme` is both Arm's matrix extension and
AMD's memory encryption.

Source: Linux `arch/arm64/kernel/cpuinfo.c` and `arch/x86/include/asm/cpufeatures.h`."""


def check_profile_file(path: Path, directory: Path = PROFILES_DIR) -> Profile:
    """Load a profile, and refuse one that can never apply or that equals another.

    Args:
        path: The file.
        directory: The other profiles.

    Raises:
        UsageError: the file is wrong, its conditions contradict each other, or another profile has the same ones.
    """
    file = read_profile(path)
    profile = file.record
    contradiction = find_contradiction(profile.match)
    if contradiction is not None:
        key, reason = contradiction
        raise file.error(f"it can never apply: {reason}; change one of them", "match", key)
    for name, known in load_profiles(directory).items():
        if same_match(known.match, profile.match) and not (directory / f"{name}.toml").samefile(path):
            raise file.error(
                f"profile {name} has the same conditions, so --profile auto could choose neither; "
                "add a condition, or change the other",
                "match",
            )
    return profile


def find_contradiction(match: Match) -> tuple[str, str] | None:
    """Find two conditions that no machine satisfies together: the key of one, and a sentence; None without any."""
    architecture = match.architecture
    made_for = _VENDORS.get(match.vendor or "", architecture)
    if made_for != architecture:
        return "vendor", f"vendor {match.vendor} makes {made_for} CPUs, not {architecture}"
    for name in match.microarchitecture:
        maker = MICROARCHITECTURES.get(name)
        if maker is None:
            continue
        if maker.architecture != architecture:
            return (
                "microarchitecture",
                f"microarchitecture {name} is {maker.architecture}, not {architecture}",
            )
        if None not in {match.vendor, maker.vendor} and match.vendor != maker.vendor:
            return (
                "microarchitecture",
                f"microarchitecture {name} is made by {maker.vendor}, not by {match.vendor}",
            )
    foreign = [flag for flag in match.isa if _FOREIGN_FLAGS[architecture].fullmatch(flag)]
    return ("isa", f"no {architecture} CPU has the ISA flags {' '.join(foreign)}") if foreign else None


def same_match(a: Match, b: Match) -> bool:
    """Return whether two rules have the same conditions, in any order."""
    return (
        (a.architecture, a.vendor) == (b.architecture, b.vendor)
        and set(a.microarchitecture) == set(b.microarchitecture)
        and set(a.isa) == set(b.isa)
        and (a.system_vendor or "").casefold() == (b.system_vendor or "").casefold()
    )
