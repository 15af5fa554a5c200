"""Read profiles from TOML, strictly: an error names the file, and the line where that is known."""

from pathlib import Path

from bench.errors import UsageError
from bench.profiles.variables import why_not_variable
from bench.records.lookup import list_known
from bench.records.profile import (
    ALLOCATORS,
    INSTANCE_PER,
    OPENMP_RUNTIMES,
    EnvironmentSetting,
    Placement,
    Profile,
    Setting,
)
from bench.records.request import is_file
from bench.records.toml_file import TomlFile, read_toml

PROFILES_DIR = Path(__file__).resolve().parents[2] / "profiles"
"""The profiles that come with bench."""

_CHOICES = {"instance_per": INSTANCE_PER, "openmp": OPENMP_RUNTIMES, "allocator": ALLOCATORS}


def load_profile(path: Path) -> Profile:
    """Read one profile.

    Raises:
        UsageError: the file cannot be read, is not TOML, or is not a profile; names the line where it is known.
    """
    return read_profile(path).record


def read_profile(path: Path) -> TomlFile[Profile]:
    """Read one profile, with the lines that its keys stand in.

    Raises:
        UsageError: as `load_profile`.
    """
    file = read_toml(path, Profile, noun="profile")
    for check in (
        _check_name,
        _check_conditions,
        _check_choices,
        _check_environment,
        _check_placement,
        _check_evidence,
    ):
        check(file)
    return file


def load_profiles(directory: Path = PROFILES_DIR) -> dict[str, Profile]:
    """Read every `*.toml` of a directory, sorted by name.

    Raises:
        UsageError: a file is wrong, or there is none.
    """
    paths = sorted(directory.glob("*.toml"))
    if not paths:
        raise UsageError(f"{directory}: no profiles there; run bench from its own checkout or image")
    return {path.stem: load_profile(path) for path in paths}


def find_profile(name_or_path: str) -> Profile:
    """Find a shipped profile by name, or read a user's file.

    Args:
        name_or_path: A path if it holds a slash or ends in `.toml`, else a name.

    Raises:
        UsageError: no profile has this name (lists the known ones), or the file is wrong.
    """
    if is_file(name_or_path):
        return load_profile(Path(name_or_path))
    known = sorted(path.stem for path in PROFILES_DIR.glob("*.toml"))
    if name_or_path not in known:
        raise UsageError(
            f"no profile {name_or_path!r}; {list_known(name_or_path, known)}; "
            "a file is given by a path, such as ./mine.toml"
        )
    return load_profile(PROFILES_DIR / f"{name_or_path}.toml")


def _check_name(file: TomlFile[Profile]) -> None:
    name, wanted = file.record.name, file.path.stem
    if name != wanted:
        raise file.error(f"name is {name!r}, wanted the file's own, {wanted!r}; rename one of them", "name")


def _check_conditions(file: TomlFile[Profile]) -> None:
    match = file.record.match
    words = {
        "vendor": () if match.vendor is None else (match.vendor,),
        "microarchitecture": match.microarchitecture,
        "isa": match.isa,
        "system_vendor": () if match.system_vendor is None else (match.system_vendor,),
    }
    for key, values in words.items():
        if any(not value.strip() for value in values):
            raise file.error(f"match.{key} holds an empty word; leave it out instead", "match", key)


def _check_choices(file: TomlFile[Profile]) -> None:
    profile = file.record
    for name, allowed in _CHOICES.items():
        value = getattr(profile, name).value
        if value not in allowed:
            raise file.error(f"{name}.value is {value!r}, wanted {' or '.join(allowed)}", name, "value")
    architecture = profile.match.architecture
    if profile.openmp.value == "intel" and architecture != "x86_64":
        problem = f"openmp.value is 'intel', which exists for x86_64 only, not for {architecture}; choose another"
        raise file.error(problem, "openmp", "value")


def _check_placement(file: TomlFile[Profile]) -> None:
    layouts: set[str] = set()
    for index, placement in enumerate(file.record.placement):
        problem = None
        if placement.layout in layouts:
            problem = f"layout {placement.layout} is placed twice; keep one"
        elif placement.instances is not None and placement.layout == "latency":
            problem = "layout latency has one instance by definition; leave out instances"
        elif (placement.instances, placement.threads, placement.siblings) == (None, None, None):
            problem = "it places nothing; give instances, threads or siblings"
        if problem is not None:
            raise file.error(problem, "placement", index, "layout")
        layouts.add(placement.layout)


def _check_evidence(file: TomlFile[Profile]) -> None:
    """Refuse a ratio without the bundle that it is from, and either where nothing was measured."""
    profile = file.record
    places: list[tuple[tuple[str | int, ...], Setting | EnvironmentSetting | Placement]] = [
        *(((name,), getattr(profile, name)) for name in _CHOICES),
        *((("environment", index), setting) for index, setting in enumerate(profile.environment)),
        *((("placement", index), placement) for index, placement in enumerate(profile.placement)),
    ]
    for steps, setting in places:
        if setting.bundle is None and setting.ratio is None:
            continue
        if setting.evidence != "measured":
            raise file.error(
                f"evidence is {setting.evidence!r}, and it names a bundle or a ratio; wanted 'measured'",
                *steps,
                "evidence",
            )
        ratio = setting.ratio
        if setting.bundle is None or (ratio is not None and list(ratio) != sorted(ratio)):
            raise file.error(
                "a ratio needs the bundle that it is from, and is [low, point, high] in this order", *steps, "ratio"
            )


def _check_environment(file: TomlFile[Profile]) -> None:
    profile = file.record
    names: set[str] = set()
    for index, setting in enumerate(profile.environment):
        reason = why_not_variable(setting, {profile.openmp.value, profile.allocator.value})
        if reason is None and setting.name in names:
            reason = f"{setting.name} is set twice; keep one"
        if reason is not None:
            raise file.error(reason, "environment", index, "name")
        names.add(setting.name)
