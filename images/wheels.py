"""Choose one wheel for each package, architecture and Python of a hash lock, and unpack those of an image, on any machine.

Markers are evaluated for the image, not for the machine that builds it. No code of a wheel runs.

Usage:
    wheels.py choose LOCK PYLOCK              rewrite the lock with the chosen wheels; PYLOCK (PEP 751) names all files
    wheels.py list LOCK ARCH [PYTHON]         print the part of the lock for ARCH, and the image's Python or another
    wheels.py install LOCK ARCH FOLDER TREE   unpack that part from a folder of wheels into TREE/opt/bench/venv
"""

import hashlib
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""Versions that a lock installs on."""

IMAGE_PYTHON = "3.11"
PREFIX = "/opt/bench/venv"
SITE_PACKAGES = f"{PREFIX}/lib/python{IMAGE_PYTHON}/site-packages"

GLIBC = 28
"""Minor version of the newest glibc that a wheel should need: that of torch's own wheel. A wheel for a newer one would
not run on each system that torch runs on, and pip would choose it on some of them only."""


class Locked(NamedTuple):
    """One package of a lock.

    Attributes:
        name: Canonical (PEP 503).
        version: The only one that the lock allows.
        digests: SHA-256 of each allowed file, in hexadecimal.
    """

    name: str
    version: str
    digests: tuple[str, ...]


def read_lock(text: str, arch: str, python: str = IMAGE_PYTHON) -> Iterator[Locked]:
    """Return the packages of a lock that an architecture and a Python need.

    Raises:
        SystemExit: a line lacks an exact version or hashes.
    """
    environment = marker_environment(arch, python)
    plain = re.sub(r"^(\s*#|--).*\n", "", text, flags=re.MULTILINE)
    for line in re.sub(r"\\\n", " ", plain).splitlines():
        package, *digests = line.split("--hash=sha256:")
        if not package.strip():
            continue
        requirement = Requirement(package.strip())
        [version] = [specifier.version for specifier in requirement.specifier if specifier.operator == "=="] or [None]
        if version is None or not digests:
            raise SystemExit(f"{line.strip()!r} has no exact version or no hashes; write the lock with `make lock`")
        if requirement.marker is None or requirement.marker.evaluate(environment):
            yield Locked(canonicalize_name(requirement.name), version, tuple(digest.strip() for digest in digests))


def marker_environment(arch: str, python: str = IMAGE_PYTHON) -> dict[str, str]:
    """Return what markers are evaluated with, for an architecture and a Python."""
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": MACHINES[arch],
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.2",
        "python_version": python,
        "sys_platform": "linux",
    }


def choose_wheels(lock: str, files: Mapping[str, Mapping[str, str]]) -> str:
    """Return a lock with one wheel for each package, architecture and Python, so that every installer takes the same.

    A package whose wheels differ has an entry for each. One that is needed nowhere is left out.

    Args:
        lock: As uv writes it, with the hashes of all files.
        files: Canonical name of a package → name of each wheel → SHA-256.

    Raises:
        SystemExit: a package that is needed has no wheel for an architecture and a Python.
    """
    head, *entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    return head + "".join(line for entry in entries for line in _choose_entry(entry, files))


def _choose_entry(entry: str, files: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    package = entry.partition("\\")[0].strip()
    requirement = Requirement(package)
    comments = "".join(re.findall(r"^ +#.*\n", entry, re.MULTILINE))
    wheels = files[canonicalize_name(requirement.name)]
    names = [name for name in wheels if parse_wheel_filename(name)[1] in requirement.specifier]
    places = [
        (arch, python)
        for arch in MACHINES
        for python in PYTHONS
        if requirement.marker is None or requirement.marker.evaluate(marker_environment(arch, python))
    ]
    chosen = {place: wheels[_choose_wheel(package, names, *place)] for place in places}
    if len(set(chosen.values())) == 1:
        yield f"{package} \\\n    --hash=sha256:{next(iter(chosen.values()))}\n{comments}"
        return
    name = package.partition(" ; ")[0]  # its marker was evaluated for each place
    for arch, machine in MACHINES.items():
        for digest in dict.fromkeys(digest for place, digest in chosen.items() if place[0] == arch):
            pythons = [python for python in PYTHONS if chosen.get((arch, python)) == digest]
            marker = f"platform_machine == '{machine}'{_format_pythons(pythons)}"
            yield f"{name} ; {marker} \\\n    --hash=sha256:{digest}\n{comments}"


def _format_pythons(pythons: Sequence[str]) -> str:
    """Return the part of a marker that holds for these Pythons only; nothing if it is all of them."""
    if tuple(pythons) == PYTHONS:
        return ""
    versions = " or ".join(f"python_version == '{python}'" for python in pythons)
    return f" and ({versions})" if len(pythons) > 1 else f" and {versions}"


def _choose_wheel(package: str, names: Sequence[str], arch: str, python: str) -> str:
    """Return the wheel that pip would choose on a system with that glibc; if there is none, the one for the next newer."""
    ranks = {tag: rank for rank, tag in enumerate(_supported_tags(arch, python))}
    ranked = [
        (min(ranks[tag] for tag in tags), name)
        for name in names
        if (tags := parse_wheel_filename(name)[3] & ranks.keys())
    ]
    if not ranked:
        raise SystemExit(f"{package} has no wheel for Python {python} on {arch}")
    return min(ranked)[1]


def _supported_tags(arch: str, python: str) -> Iterator[Tag]:
    """Yield tags of wheels that run, best first (PEP 600: a newer glibc runs wheels for an older one)."""
    platforms = []
    legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    for minor in (*range(GLIBC, 4, -1), *range(GLIBC + 1, 100)):
        platforms.append(f"manylinux_2_{minor}_{MACHINES[arch]}")
        if minor in legacy:
            platforms.append(f"{legacy[minor]}_{MACHINES[arch]}")
    version = [int(part) for part in python.split(".")]
    interpreter = f"cp{python.replace('.', '')}"
    yield from cpython_tags(version, [interpreter], platforms)
    yield from compatible_tags(version, interpreter, platforms)


def read_wheel_files(pylock: str) -> dict[str, dict[str, str]]:
    """Return the wheels of each package with their SHA-256, from a lock in the format of PEP 751."""
    files: dict[str, dict[str, str]] = {}
    for package in tomllib.loads(pylock)["packages"]:
        names = files.setdefault(canonicalize_name(package["name"]), {})
        for wheel in package.get("wheels", ()):
            names[wheel.get("name") or wheel["url"].rpartition("/")[2]] = wheel["hashes"]["sha256"]
    return files


def find_wheel(locked: Locked, folder: Path) -> Path:
    """Return the wheel of a package in a folder, by its name and its digest.

    Raises:
        SystemExit: there is none, or none whose digest is in the lock.
    """
    others = []
    for path in sorted(folder.glob("*.whl")):
        name, version, _, _ = parse_wheel_filename(path.name)
        if name == locked.name and str(version) == locked.version:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest in locked.digests:
                return path
            others.append(f"{path} has SHA-256 {digest}")
    if others:
        raise SystemExit(f"{'; '.join(others)}, but the lock has {', '.join(locked.digests)}; remove the file")
    raise SystemExit(f"{folder} has no wheel of {locked.name} {locked.version}; build without OFFLINE to download it")


def unpack(wheel: Path, tree: Path) -> None:
    """Unpack a wheel below a tree, and check each file against the wheel's RECORD.

    Raises:
        SystemExit: it cannot be written there.
    """
    scheme = {
        "purelib": SITE_PACKAGES,
        "platlib": SITE_PACKAGES,
        "headers": f"{PREFIX}/include/site/python{IMAGE_PYTHON}",
        "scripts": f"{PREFIX}/bin",
        "data": PREFIX,
    }
    destination = SchemeDictionaryDestination(
        scheme, interpreter=f"{PREFIX}/bin/python", script_kind="posix", destdir=str(tree)
    )
    with WheelFile.open(wheel) as source:
        source.validate_record(validate_contents=True)
        try:
            install(source, destination, additional_metadata={"INSTALLER": b"installer\n"})
        except OSError as error:
            raise SystemExit(f"{tree}: {wheel.name} cannot be unpacked: {error.strerror}") from error


def main(command: str, lock: str, arch: str, *rest: str) -> None:
    """Run the command that the usage describes."""
    text = Path(lock).read_text(encoding="utf-8")
    if command == "choose":
        files = read_wheel_files(Path(arch).read_text(encoding="utf-8"))
        Path(lock).write_text(choose_wheels(text, files), encoding="utf-8")
    elif command == "list":
        for option in re.findall(r"^--.*$", text, re.MULTILINE):  # such as the index
            print(option)  # noqa: T201 - a script that prints
        for package in sorted(read_lock(text, arch, *rest)):
            hashes = "".join(f" \\\n    --hash=sha256:{digest}" for digest in package.digests)
            print(f"{package.name}=={package.version}{hashes}")  # noqa: T201 - a script that prints
    else:
        folder, tree = map(Path, rest)
        for package in sorted(read_lock(text, arch)):
            unpack(find_wheel(package, folder), tree)


if __name__ == "__main__":
    main(*sys.argv[1:])
