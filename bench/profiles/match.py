"""Which profile fits a machine, and for every other one, why not.

The most specific one that fits is chosen. Specificity is compared in this order:

1. how many of `microarchitecture` and `system_vendor` a profile asks for;
2. whether it asks for a `vendor`;
3. how many `isa` flags it asks for.

So `graviton2` (a core and a maker) beats `ampere-altra` (a core), which beats `generic-arm64`, and
`generic-x86-64-v4` beats `-v3`, of whose flags it wants all and more.
"""

from collections.abc import Mapping

from bench.errors import ProfileError, UsageError
from bench.records.machine import Machine
from bench.records.profile import Choice, Match, Profile


def is_generic(profile: Profile) -> bool:
    """Whether a profile is for an instruction set, not for a particular kind of machine.

    It then has no `microarchitecture`, no `vendor` and no `system_vendor` condition. Only such a
    profile may be used under an emulator: what a vendor advises for its silicon means nothing there.
    """
    match = profile.match
    return not (match.microarchitecture or match.vendor or match.system_vendor)


def why_not(profile: Profile, machine: Machine) -> str | None:
    """The first condition that fails, as a sentence with both values; None if the profile fits."""
    for condition in (_why_not_architecture, _why_not_emulated, _why_not_vendor, _why_not_core, _why_not_isa):
        reason = condition(profile, machine)
        if reason is not None:
            return reason
    return _why_not_system_vendor(profile, machine)


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
        generic = "; ".join(f"{name} {reasons[name]}" for name, profile in profiles.items() if is_generic(profile))
        raise ProfileError(
            f"no profile fits this machine ({describe_machine(machine)}): {generic or 'none is generic'}; "
            "write one (profiles/README.md), or take one all the same by --profile NAME --force"
        )
    best, *others = fitting
    if others and specificity(others[0].match) == specificity(best.match):
        raise UsageError(
            f"profiles {others[0].name} and {best.name} both fit this machine and are equally specific; "
            "give one of them a further condition, or name one by --profile"
        )
    return Choice(
        name=best.name,
        reason=f"the most specific that fits: {_describe_fit(best.match, machine)}",
        forced=False,
        why_not={
            name: reason or f"fits too, but {best.name} is more specific"
            for name, reason in reasons.items()
            if name != best.name
        },
    )


def require_profile(profile: Profile, machine: Machine, *, force: bool, profiles: Mapping[str, Profile]) -> Choice:
    """Take the profile that was asked for.

    Args:
        profile: The one asked for; it may be a file of the user's.
        machine: Where it shall be used.
        force: Take it even if it does not fit; the choice then says so.
        profiles: All others that could have been asked for.

    Raises:
        ProfileError: it does not fit and is not forced.
    """
    reason = why_not(profile, machine)
    if reason is not None and not force:
        raise ProfileError(
            f"profile {profile.name} does not fit this machine ({describe_machine(machine)}): it {reason}; "
            "use --profile auto, or --force, which is recorded"
        )
    fit = f"it fits: {_describe_fit(profile.match, machine)}" if reason is None else f"it does not fit: it {reason}"
    return Choice(
        name=profile.name,
        reason=f"asked for by name; {fit}",
        forced=reason is not None,
        why_not={
            name: why_not(other, machine) or f"fits too, but {profile.name} was asked for"
            for name, other in profiles.items()
            if name != profile.name
        },
    )


def specificity(match: Match) -> tuple[int, bool, int]:
    """How particular a rule is, as the module's first lines say; larger is more."""
    return bool(match.microarchitecture) + (match.system_vendor is not None), match.vendor is not None, len(match.isa)


def describe_machine(machine: Machine) -> str:
    """The machine as profiles see it, in a few words."""
    cpu = machine.cpu
    words = [cpu.architecture, f"vendor {cpu.vendor}", f"microarchitecture {cpu.microarchitecture}"]
    if machine.firmware.system_vendor:
        words.append(f"made by {machine.firmware.system_vendor}")
    if cpu.emulated:
        words.append("emulated")
    return ", ".join(words)


def _describe_fit(match: Match, machine: Machine) -> str:
    """Why a profile fits. Like `why_not` it is sealed in clear, so neither may say what is private: who made the machine."""
    cpu = machine.cpu
    words = [f"architecture {match.architecture}"]
    if match.vendor is not None:
        words.append(f"vendor {match.vendor}")
    if match.microarchitecture:
        doubt = "" if cpu.confidence == "identified" else " (gone by its features only)"
        words.append(f"microarchitecture {cpu.microarchitecture}{doubt}")
    if match.isa:
        words.append(f"ISA {' '.join(match.isa)}")
    if match.system_vendor is not None:
        words.append(f"made by {match.system_vendor}")
    return ", ".join(words)


def _why_not_architecture(profile: Profile, machine: Machine) -> str | None:
    wanted, found = profile.match.architecture, machine.cpu.architecture
    return None if wanted == found else f"wants architecture {wanted}; this machine is {found}"


def _why_not_emulated(profile: Profile, machine: Machine) -> str | None:
    if not machine.cpu.emulated or is_generic(profile):
        return None
    return f"is tuned for real CPUs; this {machine.cpu.architecture} one is emulated, and gets generic profiles only"


def _why_not_vendor(profile: Profile, machine: Machine) -> str | None:
    wanted, found = profile.match.vendor, machine.cpu.vendor
    return None if wanted is None or wanted == found else f"wants vendor {wanted}; this CPU's is {found}"


def _why_not_core(profile: Profile, machine: Machine) -> str | None:
    wanted, found = profile.match.microarchitecture, machine.cpu.microarchitecture
    if not wanted or found in wanted:
        return None
    return f"wants microarchitecture {' or '.join(wanted)}; this CPU's is {found}"


def _why_not_isa(profile: Profile, machine: Machine) -> str | None:
    wanted = profile.match.isa
    missing = [flag for flag in wanted if flag not in machine.cpu.isa]
    return f"wants the ISA flags {' '.join(wanted)}; this CPU lacks {' '.join(missing)}" if missing else None


def _why_not_system_vendor(profile: Profile, machine: Machine) -> str | None:
    wanted, found = profile.match.system_vendor, machine.firmware.system_vendor
    if wanted is None or (found is not None and wanted.casefold() in found.casefold()):
        return None
    return f"wants a machine made by {wanted}; this one's firmware names {'another' if found else 'no maker'}"
