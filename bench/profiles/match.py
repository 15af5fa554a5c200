"""Choose the profile that fits a machine, and say of every other one why not.

The most specific one that fits is chosen. Specificity is compared in this order:

1. how many of `microarchitecture` and `system_vendor` a profile asks for;
2. whether it asks for a `vendor`;
3. how many `isa` flags it asks for.

So `graviton2` (a core and a maker) beats `ampere-altra` (a core), which beats `generic-arm64`, and
`generic-x86-64-v4` beats `-v3`: it wants all of its flags and more.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from bench.errors import ProfileError, UsageError
from bench.records.machine import Machine
from bench.records.profile import Choice, Match, Profile
from bench.records.reason import Reason

_MISFITS: Mapping[str, str] = MappingProxyType(
    {
        "condition_fails": "wants {condition} = {wanted}, and this machine has {found}",
        "isa_flags_missing": "wants the ISA flags {missing}, which this CPU lacks",
        "isa_flags_unknown": "wants the ISA flags {wanted}, and this machine does not show its CPU's flags",
    }
)
"""For errors. The wording of sealed reasons is `bench.report`'s, which this room is below."""


def is_generic(profile: Profile) -> bool:
    """Return whether a profile is for an instruction set, not for one kind of machine.

    It then has no `microarchitecture`, no `vendor` and no `system_vendor` condition. Only such a
    profile may be used under an emulator: what a vendor advises for its silicon means nothing there.
    """
    match = profile.match
    return not (match.microarchitecture or match.vendor or match.system_vendor)


def why_not(profile: Profile, machine: Machine) -> Reason | None:
    """Return the first condition of a profile that fails, with both values; None if the profile fits.

    Verification holds every bundle to it, so what a condition means never changes within a bundle's schema.

    A choice is sealed in clear. So the reason names the maker that the profile wants, which is public, and never the
    maker of this machine, which is private.
    """
    return next(_find_misfits(profile, machine), None)


def describe_misfit(reason: Reason) -> str:
    """Describe why a profile does not fit, in an error: `wants vendor = GenuineIntel, and this machine has AuthenticAMD`."""
    return _MISFITS[reason.code].format_map(reason.values)


def _find_misfits(profile: Profile, machine: Machine) -> Iterator[Reason]:
    """Yield every condition that fails. The widest comes first: it is the one that a reader wants to know."""
    match, cpu = profile.match, machine.cpu
    if match.architecture != cpu.architecture:
        yield _misfit("architecture", wanted=match.architecture, found=cpu.architecture)
    if cpu.emulated and not is_generic(profile):
        yield _misfit("emulated", wanted="false", found="true")
    if match.vendor is not None and match.vendor != cpu.vendor:
        yield _misfit("vendor", wanted=match.vendor, found=cpu.vendor)
    if match.microarchitecture and cpu.microarchitecture not in match.microarchitecture:
        yield _misfit("microarchitecture", wanted=" or ".join(match.microarchitecture), found=cpu.microarchitecture)
    flags = frozenset(cpu.isa)
    missing = " ".join(flag for flag in match.isa if flag not in flags)
    if missing and flags:
        yield Reason(code="isa_flags_missing", values={"missing": missing})
    elif missing:
        # A hidden /proc/cpuinfo (systemd's ProcSubset=pid) shows none: they may well be there.
        yield Reason(code="isa_flags_unknown", values={"wanted": missing})
    maker = machine.firmware.system_vendor
    if match.system_vendor is not None and match.system_vendor.casefold() not in (maker or "").casefold():
        yield _misfit("system_vendor", wanted=match.system_vendor, found="another" if maker else "none")


def choose_profile(profiles: Mapping[str, Profile], machine: Machine) -> Choice:
    """Choose the most specific profile that fits.

    Raises:
        ProfileError: none fits; says what the machine is and what the generic profiles want.
        UsageError: two fit equally well, so that the data must be mended.
    """
    reasons = {name: why_not(profile, machine) for name, profile in profiles.items()}
    fitting = sorted(
        (profile for name, profile in profiles.items() if reasons[name] is None),
        key=lambda profile: (specificity(profile.match), profile.name),
        reverse=True,
    )
    if not fitting:
        generic = "; ".join(
            f"{name} {describe_misfit(reason)}"
            for name, reason in reasons.items()
            if reason is not None and is_generic(profiles[name])
        )
        raise ProfileError(
            f"no profile fits this machine ({describe_machine(machine)}): {generic or 'none is generic'}; "
            "write one (profiles/README.md), or force one by --profile NAME --force"
        )
    best, *others = fitting
    if others and specificity(others[0].match) == specificity(best.match):
        raise UsageError(
            f"profiles {others[0].name} and {best.name} both fit this machine and are equally specific; "
            "give one of them a further condition, or name one by --profile"
        )
    outranked = Reason(code="less_specific", values={"chosen": best.name})
    return Choice(
        name=best.name,
        reason=_describe_fit("most_specific", best.match, machine),
        forced=False,
        why_not={name: reason or outranked for name, reason in reasons.items() if name != best.name},
    )


def require_profile(profile: Profile, machine: Machine, *, force: bool, profiles: Mapping[str, Profile]) -> Choice:
    """Take the profile that the user named.

    Args:
        profile: The named one; it may be a user's file.
        machine: Where it is used.
        force: Take it even if it does not fit; the choice then says so.
        profiles: All others that the user could have named.

    Raises:
        ProfileError: it does not fit and is not forced.
    """
    misfit = why_not(profile, machine)
    if misfit is not None and not force:
        raise ProfileError(
            f"profile {profile.name} does not fit this machine ({describe_machine(machine)}): "
            f"it {describe_misfit(misfit)}; use --profile auto, or --force, which is recorded"
        )
    not_named = Reason(code="not_named", values={"chosen": profile.name})
    others = {
        name: why_not(candidate, machine) or not_named for name, candidate in profiles.items() if name != profile.name
    }
    if misfit is not None:
        return Choice(
            name=profile.name, reason=Reason(code="forced"), forced=True, why_not=others | {profile.name: misfit}
        )
    return Choice(
        name=profile.name, reason=_describe_fit("named", profile.match, machine), forced=False, why_not=others
    )


def specificity(match: Match) -> tuple[int, bool, int]:
    """Return how particular a rule is, by the order that the module's docstring gives; larger is more."""
    return bool(match.microarchitecture) + (match.system_vendor is not None), match.vendor is not None, len(match.isa)


def describe_machine(machine: Machine) -> str:
    """Describe the facts of a machine that profiles look at. For errors only: they may name the machine's maker."""
    cpu = machine.cpu
    words = [cpu.architecture, f"vendor {cpu.vendor}", f"microarchitecture {cpu.microarchitecture}"]
    if machine.firmware.system_vendor:
        words.append(f"made by {machine.firmware.system_vendor}")
    if cpu.emulated:
        words.append("emulated")
    return ", ".join(words)


def _misfit(condition: str, *, wanted: str, found: str) -> Reason:
    return Reason(code="condition_fails", values={"condition": condition, "wanted": wanted, "found": found})


def _describe_fit(code: str, match: Match, machine: Machine) -> Reason:
    """Return the conditions that fit, in one value. The code ends in `_by_flags` where the CPU's model is unknown."""
    conditions = [f"architecture={match.architecture}"]
    if match.vendor is not None:
        conditions.append(f"vendor={match.vendor}")
    if match.microarchitecture:
        conditions.append(f"microarchitecture={machine.cpu.microarchitecture}")
    if match.isa:
        conditions.append(f"isa={','.join(match.isa)}")
    if match.system_vendor is not None:
        conditions.append(f"system_vendor={match.system_vendor}")
    inferred = match.microarchitecture and machine.cpu.confidence != "identified"
    return Reason(code=f"{code}_by_flags" if inferred else code, values={"conditions": " ".join(conditions)})
