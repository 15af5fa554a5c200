"""Read profiles from TOML, strictly: a file that is wrong in any way says so, with its line where that is known."""

import tomllib
from pathlib import Path

import msgspec

from bench.errors import UsageError
from bench.profiles.locate import find_line, find_message_line
from bench.profiles.variables import why_not_variable
from bench.records.profile import ALLOCATORS, OPENMP_RUNTIMES, Profile

PROFILES_DIR = Path(__file__).resolve().parents[2] / "profiles"
"""The profiles that come with bench."""

INSTANCE_PER = ("node", "l3")
_CHOICES = {"instance_per": INSTANCE_PER, "openmp": OPENMP_RUNTIMES, "allocator": ALLOCATORS}
MAX_BYTES = 65_536
"""Far more than any profile needs; bounds what a wrong path can make us read."""


def load_profile(path: Path) -> Profile:
    """Read one profile.

    Raises:
        UsageError: the file cannot be read, is not TOML, or is not a profile; names the file and,
            where it can be found, the line.
    """
    text = _read_text(path)
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # int() refuses thousands of digits
        raise UsageError(f"{path}: not TOML: {error}") from error
    try:
        profile = msgspec.convert(data, Profile, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        raise _wrong(path, find_message_line(text, str(error)), f"not a profile: {error}") from error
    _check_name(profile, path, text)
    _check_conditions(profile, path, text)
    _check_choices(profile, path, text)
    _check_environment(profile, path, text)
    return profile


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
    """The profile of this name, or in this file.

    Args:
        name_or_path: A path if it holds a slash or ends in `.toml`, else a name.

    Raises:
        UsageError: there is none of this name (the known ones are listed), or the file is wrong.
    """
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        return load_profile(Path(name_or_path))
    known = sorted(path.stem for path in PROFILES_DIR.glob("*.toml"))
    if name_or_path not in known:
        raise UsageError(
            f"no profile {name_or_path!r}; known are {', '.join(known)}; a file is given by a path, such as ./mine.toml"
        )
    return load_profile(PROFILES_DIR / f"{name_or_path}.toml")


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path}: {reason}; wanted a profile in TOML") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path}: more than {MAX_BYTES} bytes; is this a profile?")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at byte {error.start}; wanted a profile in TOML") from error


def _wrong(path: Path, line: int | None, message: str) -> UsageError:
    return UsageError(f"{path}:{line}: {message}" if line is not None else f"{path}: {message}")


def _check_name(profile: Profile, path: Path, text: str) -> None:
    if profile.name != path.stem:
        raise _wrong(
            path, find_line(text, None, "name"), f"name is {profile.name!r}, wanted the file's own, {path.stem!r}"
        )


def _check_conditions(profile: Profile, path: Path, text: str) -> None:
    match = profile.match
    words = {
        "vendor": () if match.vendor is None else (match.vendor,),
        "microarchitecture": match.microarchitecture,
        "isa": match.isa,
        "system_vendor": () if match.system_vendor is None else (match.system_vendor,),
    }
    for key, values in words.items():
        if any(not value.strip() for value in values):
            raise _wrong(path, find_line(text, "match", key), f"match.{key} holds an empty word; leave it out instead")


def _check_choices(profile: Profile, path: Path, text: str) -> None:
    for name, allowed in _CHOICES.items():
        value = getattr(profile, name).value
        if value not in allowed:
            line = find_line(text, name, "value")
            raise _wrong(path, line, f"{name}.value is {value!r}, wanted {' or '.join(allowed)}")
    if profile.openmp.value == "intel" and profile.match.architecture != "x86_64":
        line = find_line(text, "openmp", "value")
        raise _wrong(
            path, line, f"openmp.value is 'intel', which there is for x86_64 only, not for {profile.match.architecture}"
        )


def _check_environment(profile: Profile, path: Path, text: str) -> None:
    names: set[str] = set()
    for index, setting in enumerate(profile.environment):
        line = find_line(text, "environment", "name", index)
        reason = why_not_variable(setting, {profile.openmp.value, profile.allocator.value})
        if reason is not None:
            raise _wrong(path, line, reason)
        if setting.name in names:
            raise _wrong(path, line, f"{setting.name} is set twice; keep one")
        names.add(setting.name)
