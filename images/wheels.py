"""Choose one wheel for each package and architecture of a hash lock, and unpack those of an image, on any machine.

Markers are evaluated for the image, not for the machine that builds it. No code of a wheel runs.

Usage:
    wheels.py choose LOCK PYLOCK              rewrite the lock with the chosen wheels; PYLOCK (PEP 751) names all files
    wheels.py list LOCK ARCH                  print the part of the lock for ARCH
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
PREFIX = "/opt/bench/venv"
SITE_PACKAGES = f"{PREFIX}/lib/python3.11/site-packages"

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


def read_lock(text: str, arch: str) -> Iterator[Locked]:
    """Return the packages of a lock that the image of an architecture needs.

    Raises:
        SystemExit: a line lacks an exact version or hashes.
    """
    environment = marker_environment(arch)
    plain = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
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


def marker_environment(arch: str) -> dict[str, str]:
    """Return what markers are evaluated with, for an architecture."""
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": MACHINES[arch],
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": "3.11.2",
        "python_version": "3.11",
        "sys_platform": "linux",
    }


def choose_wheels(lock: str, files: Mapping[str, Mapping[str, str]]) -> str:
    """Return a lock with one wheel for each package and architecture, so that every installer takes the same.

    A package whose wheels differ has an entry for each architecture. One that neither needs is left out.

    Args:
        lock: As uv writes it, with the hashes of all files.
        files: Canonical name of a package → name of each wheel → SHA-256.

    Raises:
        SystemExit: an architecture needs a package that has no wheel for it.
    """
    head, *entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    return head + "".join(line for entry in entries for line in _choose_entry(entry, files))


def _choose_entry(entry: str, files: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    requirement = Requirement(entry.partition("\\")[0].strip())
    package = entry.partition("\\")[0].strip()
    comments = "".join(re.findall(r"^ *#.*\n", entry, re.MULTILINE))
    wheels = files[canonicalize_name(requirement.name)]
    needed = [
        arch for arch in MACHINES if requirement.marker is None or requirement.marker.evaluate(marker_environment(arch))
    ]
    chosen = {arch: wheels[_choose_wheel(package, tuple(wheels), arch)] for arch in needed}
    if len(set(chosen.values())) == 1:
        yield f"{package} \\\n    --hash=sha256:{next(iter(chosen.values()))}\n{comments}"
        return
    name = package.partition(" ; ")[0]  # its marker was evaluated for each architecture
    for arch, digest in chosen.items():
        yield f"{name} ; platform_machine == '{MACHINES[arch]}' \\\n    --hash=sha256:{digest}\n{comments}"


def _choose_wheel(package: str, names: Sequence[str], arch: str) -> str:
    """Return the wheel that pip would choose on a system with that glibc; if there is none, the one for the next newer."""
    ranks = {tag: rank for rank, tag in enumerate(_supported_tags(arch))}
    ranked = [
        (min(ranks[tag] for tag in tags), name)
        for name in names
        if (tags := parse_wheel_filename(name)[3] & ranks.keys())
    ]
    if not ranked:
        raise SystemExit(f"{package} has no wheel for Python 3.11 on {arch}")
    return min(ranked)[1]


def _supported_tags(arch: str) -> Iterator[Tag]:
    """Yield tags of wheels that run, best first (PEP 600: a newer glibc runs wheels for an older one)."""
    platforms = []
    legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    for minor in (*range(GLIBC, 4, -1), *range(GLIBC + 1, 100)):
        platforms.append(f"manylinux_2_{minor}_{MACHINES[arch]}")
        if minor in legacy:
            platforms.append(f"{legacy[minor]}_{MACHINES[arch]}")
    yield from cpython_tags((3, 11), ["cp311"], platforms)
    yield from compatible_tags((3, 11), "cp311", platforms)


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
    """Unpack a wheel below a tree, and check each file against the wheel's RECORD."""
    scheme = {
        "purelib": SITE_PACKAGES,
        "platlib": SITE_PACKAGES,
        "headers": f"{PREFIX}/include/site/python3.11",
        "scripts": f"{PREFIX}/bin",
        "data": PREFIX,
    }
    destination = SchemeDictionaryDestination(
        scheme, interpreter=f"{PREFIX}/bin/python", script_kind="posix", destdir=str(tree)
    )
    with WheelFile.open(wheel) as source:
        source.validate_record(validate_contents=True)
        install(source, destination, additional_metadata={"INSTALLER": b"installer\n"})


def main(command: str, lock: str, arch: str, folder: str = "", tree: str = "") -> None:
    """Run the command that the usage describes."""
    if command == "choose":
        files = read_wheel_files(Path(arch).read_text(encoding="utf-8"))
        Path(lock).write_text(choose_wheels(Path(lock).read_text(encoding="utf-8"), files), encoding="utf-8")
        return
    packages = sorted(read_lock(Path(lock).read_text(encoding="utf-8"), arch))
    if command == "list":
        for package in packages:
            hashes = "".join(f" \\\n    --hash=sha256:{digest}" for digest in package.digests)
            print(f"{package.name}=={package.version}{hashes}")  # noqa: T201 - a script that prints
    else:
        for package in packages:
            unpack(find_wheel(package, Path(folder)), Path(tree))


if __name__ == "__main__":
    main(*sys.argv[1:])
