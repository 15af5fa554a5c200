"""Read suites: the shipped ones, or a user's file."""

import tomllib
from pathlib import Path

import msgspec

from bench.errors import UsageError
from bench.records.suite import Suite

SUITES_DIR = Path(__file__).parent

_MAX_BYTES = 1 << 20


def load_suite(path: Path) -> Suite:
    """Read one suite.

    Raises:
        UsageError: the file is missing, too large, not TOML, or not a suite; names the key.
    """
    try:
        data = path.read_bytes()
        if len(data) > _MAX_BYTES:
            raise UsageError(f"{path}: {len(data)} bytes is too large for a suite (at most {_MAX_BYTES})")
        suite = msgspec.convert(tomllib.loads(data.decode()), Suite, strict=True)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError, msgspec.ValidationError) as error:  # int() refuses thousands of digits
        raise UsageError(f"{path}: not a suite: {error}") from error
    if suite.name != path.stem:
        raise UsageError(f"{path}: the suite's name is {suite.name!r}; rename one of them")
    if suite.policy.repetitions_min > suite.policy.repetitions_max:
        raise UsageError(
            f"{path}: repetitions_min {suite.policy.repetitions_min} is more than "
            f"repetitions_max {suite.policy.repetitions_max}"
        )
    return suite


def load_suites(directory: Path = SUITES_DIR) -> dict[str, Suite]:
    """Read all suites of a folder, by name."""
    return {path.stem: load_suite(path) for path in sorted(directory.glob("*.toml"))}


def find_suite(name_or_path: str, directory: Path = SUITES_DIR) -> Suite:
    """Find a shipped suite by name, or read a user's file (anything with a slash or ending in `.toml`).

    Raises:
        UsageError: there is none of that name; lists those there are.
    """
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        return load_suite(Path(name_or_path))
    path = directory / f"{name_or_path}.toml"
    known = sorted(found.stem for found in directory.glob("*.toml"))
    if name_or_path not in known:
        raise UsageError(f"no suite {name_or_path!r}; there are {', '.join(known)}, or give a .toml file")
    return load_suite(path)
