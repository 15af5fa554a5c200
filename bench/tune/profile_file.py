"""The profile that a tuning ends with: the profile that it began with, and the settings that were shown to help."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from bench.bundle.files import require_writable, write_file
from bench.errors import UsageError
from bench.planning.arms import CASE_KNOBS
from bench.profiles.check import check_profile_file, same_match
from bench.profiles.load import load_profiles
from bench.profiles.toml_text import render_profile_toml
from bench.profiles.variables import ALLOWED
from bench.records.bundle import Contents
from bench.records.digest import Digest
from bench.records.machine import Cpu
from bench.records.profile import EnvironmentSetting, Match, Placement, Profile, RatioInterval, Setting
from bench.records.tuning import AimName, Gain, SettingGain, Settings, TuningResult

NOT_OF_A_PROFILE = CASE_KNOBS | {"memory-nodes"}
"""Knobs that no profile holds: those of the case, and the nodes of one machine."""

_PLACEMENT = ("instances", "threads", "siblings")
_SOURCE_MAX = 300
_GAINED: dict[AimName, str] = {
    "latency": "work in the same time",
    "throughput": "work in the same time",
    "p99": "on the 99th percentile without it",
    "throughput-per-watt": "work with the same energy",
}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)


def require_profile_path(path: Path) -> None:
    """Make sure, before anything is measured, that a profile can be written to a file.

    Raises:
        UsageError: the file's name is none that a profile may have.
        OutputError: it exists, or cannot be written.
    """
    stem = path.stem
    if path.suffix != ".toml" or _NAME.fullmatch(stem) is None:
        raise UsageError(f"--write-profile {path}: a profile's file is named like epyc-turin-resnet50.toml")
    if stem in load_profiles():
        raise UsageError(f"--write-profile {path}: a profile of this name comes with bench; choose another")
    require_writable(path, replace=False)


def write_profile(path: Path, contents: Contents, digest: Digest, result: TuningResult) -> Profile | None:
    """Write the settings of a result as a profile, and read it back as `bench profiles check` does.

    Args:
        path: Of the file.
        contents: Of the last stage's bundle.
        digest: Of that bundle's content.
        result: Of an outcome in `WINNING`.

    Returns:
        None where no profile can hold any of the settings.

    Raises:
        OutputError: it cannot be written.
    """
    if result.gain is None or not set(result.gain.settings) - NOT_OF_A_PROFILE:
        return None
    profile = make_profile(path.stem, contents, digest, result, load_profiles().values())
    write_file(path, render_profile_toml(profile).encode(), replace=False)
    return check_profile_file(path)


def make_profile(
    name: str, contents: Contents, digest: Digest, result: TuningResult, known: Iterable[Profile]
) -> Profile:
    """Return the profile that a tuning began with, with the settings of its result.

    Args:
        name: Of the profile.
        contents: Of the last stage's bundle.
        digest: Of that bundle's content.
        result: Of an outcome in `WINNING`.
        known: Profiles whose conditions it must differ from.
    """
    base, gain = contents.profile, result.gain
    tuning = contents.tuning
    if gain is None or tuning is None:
        raise UsageError("the tuning ended without settings, so there is no profile of it")
    trial = next((stage.content_digest for stage in tuning.earlier if stage.stage == "trial"), digest)
    evidence = _Measured(describe_search(contents), trial, {setting.name: setting for setting in result.settings})
    settings = {name: value for name, value in gain.settings.items() if name not in NOT_OF_A_PROFILE}
    runtime = contents.plan.layouts[0].runtime
    openmp = evidence.decide("openmp", base.openmp, runtime.openmp, settings)
    allocator = evidence.decide("allocator", base.allocator, runtime.allocator, settings)
    loaded = {openmp.value, allocator.value}
    inherited = [
        setting
        for setting in base.environment
        if setting.name not in settings and (not ALLOWED[setting.name].reader or ALLOWED[setting.name].reader & loaded)
    ]
    return Profile(
        name=name,
        summary=_summarize(base, gain, digest, contents),
        match=narrow_match(base.match, contents.machine.cpu, [profile.match for profile in known]),
        instance_per=evidence.decide("instance-per", base.instance_per, base.instance_per.value, settings),
        openmp=openmp,
        allocator=allocator,
        environment=(*inherited, *evidence.list_variables(settings)),
        placement=tuple(evidence.place(base, settings, contents)),
    )


def narrow_match(base: Match, cpu: Cpu, known: Iterable[Match]) -> Match:
    """Return the conditions of a profile, narrowed to CPUs of one kind, so that they are those of no known profile.

    Flags are added only as far as they are needed: first those that some profile asks for, then all of the CPU.
    """
    listed = list(known)
    identified = cpu.microarchitecture != "unknown"
    narrow = replace(
        base,
        vendor=base.vendor if cpu.vendor == "unknown" else cpu.vendor,
        microarchitecture=(cpu.microarchitecture,) if identified else base.microarchitecture,
    )
    asked = {flag for match in listed for flag in match.isa}
    for flags in (base.isa, [flag for flag in cpu.isa if flag in asked], cpu.isa):
        candidate = replace(narrow, isa=tuple(dict.fromkeys((*base.isa, *flags))))
        if not any(same_match(candidate, match) for match in listed):
            return candidate
    return narrow


def describe_search(contents: Contents) -> str:
    """Return the command that searches the same, without its knobs."""
    request, tuning = contents.request, contents.tuning
    if request is None or tuning is None:
        return "bench tune"
    wanted = request.wanted
    filters = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    words = [f"--suite {contents.plan.suite}"]
    words += [f"--{name.replace('_', '-')} {','.join(map(str, values))}" for name, values in filters.items() if values]
    words.append(f"--for {tuning.aim}")
    if tuning.limit is not None:
        words.append(f"--slo '{tuning.limit.metric}<{tuning.limit.seconds * 1000:g}ms'")
    return f"bench tune {' '.join(words)}"[:_SOURCE_MAX]


class _Measured:
    """Makes settings whose evidence is a tuning."""

    def __init__(self, command: str, trial: Digest, gains: dict[str, SettingGain]) -> None:
        """Take what the settings rest on.

        Args:
            command: Of the search.
            trial: Digest of the bundle in which each setting was taken back.
            gains: What each bought, by its name.
        """
        self._command, self._trial, self._gains = command, trial, gains

    def decide(self, name: str, base: Setting, used: str, settings: Settings) -> Setting:
        """Return one of the profile's own decisions: measured, as before, or as it was replaced here."""
        if name in settings:
            return Setting(
                value=settings[name],
                source=self._source(name),
                evidence="measured",
                bundle=self._trial,
                ratio=self._ratio(name),
            )
        if used == base.value:
            return base
        source = f"{base.value} was not installed where this was tuned; the rest was measured with {used}"
        return Setting(value=used, source=source, evidence="derived")

    def list_variables(self, settings: Settings) -> Iterator[EnvironmentSetting]:
        """Yield the variables among some settings."""
        for name, value in settings.items():
            if name in ALLOWED:
                yield EnvironmentSetting(
                    name=name,
                    value=value,
                    source=self._source(name),
                    evidence="measured",
                    bundle=self._trial,
                    ratio=self._ratio(name),
                )

    def place(self, base: Profile, settings: Settings, contents: Contents) -> Iterator[Placement]:
        """Yield the profile's placements, with the numbers among some settings in that of the layout measured."""
        layout = contents.plan.layouts[0].name
        before = next((entry for entry in base.placement if entry.layout == layout), None)
        yield from (entry for entry in base.placement if entry.layout != layout)
        if before is not None and "instance-per" in settings:  # it takes the place of how many there are
            before = replace(before, instances=None, threads=None)
        changes = {name: settings[name] for name in _PLACEMENT if name in settings}
        numbers = {} if before is None else {name: getattr(before, name) for name in _PLACEMENT}
        numbers |= {name: value if name == "siblings" else int(value) for name, value in changes.items()}
        if before is not None and not changes and any(numbers.values()):
            yield before
        if not changes:
            return
        yield Placement(
            **numbers,
            layout=layout,  # type: ignore[arg-type] # no aim has layout single_core
            source=self._source(*changes),
            evidence="measured",
            bundle=self._trial,
            # Of several numbers each has its own ratio, and the table of the search shows them.
            ratio=self._ratio(next(iter(changes))) if len(changes) == 1 else None,
        )

    def _source(self, *names: str) -> str:
        """Return where settings come from: each was taken back, or all of a search were measured together."""
        if not self._gains.keys() >= set(names):
            return f"{self._command}: measured together with the other settings, in fresh processes"
        return f"{self._command}: taken back in fresh processes; ratio is the cost without it over the cost with it"

    def _ratio(self, name: str) -> RatioInterval | None:
        gain = self._gains.get(name)
        if gain is None:
            return None
        return (round(gain.ratio.low, 4), round(gain.ratio.point, 4), round(gain.ratio.high, 4))


def _summarize(base: Profile, gain: Gain, digest: Digest, contents: Contents) -> str:
    """Return what was found, in a sentence that names the settings which were measured beside those of the profile."""
    tuning = contents.tuning
    if tuning is None:
        return base.summary
    workloads = ", ".join(dict.fromkeys(cell.case.workload for cell in contents.plan.cells))
    limit = "" if tuning.limit is None else f" with {tuning.limit.metric} below {tuning.limit.seconds * 1000:g} ms"
    left_out = list_left_out(gain.settings)
    beside = f"; measured with {' '.join(left_out)}, which no profile holds" if left_out else ""
    low, point, high = (100 * (1 / ratio - 1) for ratio in (gain.ratio.high, gain.ratio.point, gain.ratio.low))
    text = (
        f"{base.name} tuned for {tuning.aim}{limit} of {workloads:.100}: {point:+.1f}% {_GAINED[tuning.aim]} "
        f"({low:+.1f}% to {high:+.1f}%){beside}"
    )
    return f"{text[:_SOURCE_MAX]}, bundle {digest}"


def list_left_out(settings: Settings) -> list[str]:
    """Return the settings that no profile holds, as `NAME=VALUE`."""
    return [f"{name}={value}" for name, value in sorted(settings.items()) if name in NOT_OF_A_PROFILE]
